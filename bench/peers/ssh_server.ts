/** A private sshd on a free port, with its own keys and configuration; the machine's own is not touched. @module */

import { dirname, join } from "node:path";
import { Failure, outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import type { End } from "../paths/netpath.ts";
import { freePort } from "./peer.ts";
import { missingTools } from "./tools.ts";

const SSHD = "/usr/sbin/sshd";
/** OpenSSH's fastest on machines with AES instructions. */
export const CIPHER = "aes128-gcm@openssh.com";
/** What the client's configuration calls the server. */
export const HOST = "bench";

export function missingSsh(...others: readonly string[]): string | undefined {
  return missingTools("ssh", "ssh-keygen", SSHD, ...others);
}

export async function sshVersion(): Promise<string> {
  return await outputOf("ssh", ["-V"]) ?? "unknown";
}

/** The server and the file for `ssh -F`, with which it is called {@linkcode HOST}. */
export interface SshServer extends AsyncDisposable {
  readonly server: Watched;
  readonly config: string;
}

/** Starts it at one end of a path. `programs`: where the login finds programs besides the system's. */
export async function startSsh(end: End, folder: string, programs: readonly string[] = []): Promise<SshServer> {
  const port = freePort();
  await Promise.all(["host", "user"].map((name) => generateKey(join(folder, name))));
  await Deno.copyFile(join(folder, "user.pub"), join(folder, "authorized_keys"));
  const serverConfig = join(folder, "sshd_config");
  const config = join(folder, "ssh_config");
  const search = [...programs.map(dirname), "/usr/local/bin", "/usr/bin", "/bin"].join(":");
  await Deno.writeTextFile(serverConfig, serverText(folder, end.address, port, search));
  await Deno.writeTextFile(config, clientText(folder, end.address, port));
  // sshd as root insists on this folder, which the package's own service makes.
  if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const server = new Watched("sshd", end.command(SSHD, ["-D", "-e", "-f", serverConfig]));
  try {
    await server.listening(port);
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return { server, config, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function generateKey(path: string): Promise<void> {
  if (await outputOf("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]) === undefined) {
    throw new Failure("ssh-keygen failed");
  }
}

function serverText(folder: string, address: string, port: number, search: string): string {
  return `ListenAddress ${address}:${port}
HostKey ${folder}/host
PidFile none
AuthorizedKeysFile ${folder}/authorized_keys
# The keys lie in a folder of memory whose parents anyone may write to.
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
UseDNS no
MaxStartups 100
Ciphers ${CIPHER}
SetEnv PATH=${search}
Subsystem sftp internal-sftp
`;
}

function clientText(folder: string, address: string, port: number): string {
  return `Host ${HOST}
  HostName ${address}
  Port ${port}
  IdentityFile ${folder}/user
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile ${folder}/known_hosts
  GlobalKnownHostsFile none
  StrictHostKeyChecking accept-new
  BatchMode yes
  LogLevel ERROR
  Ciphers ${CIPHER}
`;
}
