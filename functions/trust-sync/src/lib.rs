//! The trust policies of roles, in step with the entitlement table.
