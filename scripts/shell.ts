/** What every script needs: to print, to run a program, and to end with one clear line. @module */

const encoder = new TextEncoder();

/** The one way in which scripts and the test runner print. */
export function print(line = ""): void {
  let bytes = encoder.encode(`${line}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

/** A failure that its message explains fully: shown as that one line, without a stack. */
export class Failure extends Error {
  override readonly name = "Failure";
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

/** Runs a program on this terminal and returns its exit code. */
export async function codeOf(program: string, args: readonly string[], options: RunOptions = {}): Promise<number> {
  const command = new Deno.Command(program, { ...options, args: [...args], stdin: "null" });
  return (await command.spawn().status).code;
}

/** Runs a program on this terminal; anything but success is a {@linkcode Failure}. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
  const code = await codeOf(program, args, options);
  if (code !== 0) throw new Failure(`${[program.split("/").at(-1), ...args].join(" ")} ended with exit code ${code}`);
}

/** What a program prints, without the line end; undefined when it cannot be run or fails. */
export async function outputOf(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const output = await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
    const bytes = output.stdout.length > 0 ? output.stdout : output.stderr; // `ssh -V` prints to stderr
    return output.success ? new TextDecoder().decode(bytes).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

/** Runs a script's main function: a {@linkcode Failure} becomes one line and exit code 1, a bug keeps its stack. */
export async function main(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    print(`error: ${error.message}`);
    Deno.exit(1);
  }
}
