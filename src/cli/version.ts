/** What `ultra --version` prints. @module */

import { VERSIONS } from "../auth/versions.ts";

/** Of the program; the protocol's versions are another matter. */
export const PROGRAM_VERSION = "0.1.0";

/** The pins of `native/Cargo.lock` that matter for security; a test compares them. */
export const LIBRARIES = { msquic: "2.6.3", openssl: "3.5.5", deno: "2.9.5" } as const;

export const VERSION = `ultra ${PROGRAM_VERSION}
protocol ${VERSIONS.join(", ")}, msquic ${LIBRARIES.msquic}, OpenSSL ${LIBRARIES.openssl}, Deno ${LIBRARIES.deno}
`;
