/** The order in which peers take turns. @module */

/**
 * The peers in another order each round: every second one backwards, and turned on after each such pair, so that nobody always follows the
 * same one. (Who follows whom matters: memory that a run has just given back is cheaper than what the host has to bring.)
 */
export function inTurn<T>(peers: readonly T[], round: number): T[] {
  const start = Math.floor(round / 2) % Math.max(peers.length, 1);
  const turned = [...peers.slice(start), ...peers.slice(0, start)];
  return round % 2 === 0 ? turned : turned.reverse();
}
