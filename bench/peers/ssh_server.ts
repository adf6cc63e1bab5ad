/** A private sshd on a free port of 127.0.0.1, with its own keys and configuration; the machine's own is not touched. @module */

import { join } from "node:path";
import { Failure, outputOf } from "../../scripts/shell.ts";
import { exists } from "../../scripts/tools.ts";

const SSHD = "/usr/sbin/sshd";
/** OpenSSH's fastest on machines with AES instructions. */
export const CIPHER = "aes128-gcm@openssh.com";

export function missingSsh(): string | undefined {
  const missing = ["scp", "ssh-keygen", SSHD].filter((program) => !exists(program));
  return missing.length > 0 ? `${missing.join(", ")} (bench/peers.sh installs it)` : undefined;
}

export class SshServer {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, readonly clientConfig: string) {
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid;
  }

  static async start(folder: string): Promise<SshServer> {
    const port = freePort();
    await Promise.all(["host", "user"].map((name) => generateKey(join(folder, name))));
    await Deno.copyFile(join(folder, "user.pub"), join(folder, "authorized_keys"));
    const serverConfig = join(folder, "sshd_config");
    const clientConfig = join(folder, "cfg");
    await Deno.writeTextFile(serverConfig, serverText(folder, port));
    await Deno.writeTextFile(clientConfig, clientText(folder, port));
    // sshd as root insists on this folder, which the package's own service makes.
    if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true, mode: 0o755 });
    const command = new Deno.Command(SSHD, {
      args: ["-D", "-E", join(folder, "sshd.log"), "-f", serverConfig],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    const server = new SshServer(command.spawn(), clientConfig);
    await server.#ready(join(folder, "sshd.log"));
    return server;
  }

  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended by itself; whatever transfer needed it has said so.
    }
    await this.#child.status;
  }

  /** A login that succeeds is the only sign that counts. */
  async #ready(log: string): Promise<void> {
    for (let tries = 0; tries < 50; tries++) {
      if (await outputOf("ssh", ["-F", this.clientConfig, "bench", "true"]) !== undefined) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await this.stop();
    throw new Failure(`the private sshd takes no login:\n${await Deno.readTextFile(log).catch(() => "(no log)")}`);
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function generateKey(path: string): Promise<void> {
  if (await outputOf("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]) === undefined) {
    throw new Failure("ssh-keygen failed");
  }
}

function serverText(folder: string, port: number): string {
  return `ListenAddress 127.0.0.1:${port}
HostKey ${folder}/host
PidFile none
AuthorizedKeysFile ${folder}/authorized_keys
# The keys lie in a folder of memory whose parents anyone may write to.
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
MaxStartups 100
Ciphers ${CIPHER}
Subsystem sftp internal-sftp
`;
}

function clientText(folder: string, port: number): string {
  return `Host bench
  HostName 127.0.0.1
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
