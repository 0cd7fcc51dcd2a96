//! The trust policies of roles, in step with the entitlement table, as a Lambda function: see the
//! library of this package.

fn main() {}
