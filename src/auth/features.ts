/** What a side states of itself in its hello, beside its versions: `docs/protocol.md`, "Requests". @module */

/** The listener serves folders: it says nothing before it is asked, where one that sends makes its offer at once. */
export const REQUESTS = "requests";

/** Whether a side waits for a request. A lasting ticket does not say it: with the same one its owner may send, receive or serve. */
export function answersRequests({ features }: { readonly features: readonly string[] }): boolean {
  return features.includes(REQUESTS);
}
