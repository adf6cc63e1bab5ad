/** Whether something is there. @module */

/** Links are not followed: one that leads nowhere is there, and is sent or left out as such. */
export function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    // Deno's refusal of /dev and /proc, and everything that the system says.
    if (error instanceof Error) return false;
    throw error;
  }
}
