/** Names of scenarios that the plan treats apart. @module */

/** The same file in both formats: how much of the gain is that of the format, and how much that of congestion control. */
export const OLDER_FORMAT = "older-format";
