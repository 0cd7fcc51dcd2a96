//! What schedules met: one that never meets what it is for proves nothing.

macro_rules! report {
    ($($name:ident),+) => {
        /// How often what happened.
        #[derive(Debug, Default)]
        pub(crate) struct Report {
            $(pub(crate) $name: u64,)+
        }

        impl Report {
            pub(crate) fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)+
            }
        }
    };
}

report!(
    changed,
    unchanged,
    repeated,
    superseded,
    refused,
    crashed,
    dropped,
    contended,
    displaced,
    left_out,
    completed,
    retired,
    announced,
    not_resynced,
    requests
);
