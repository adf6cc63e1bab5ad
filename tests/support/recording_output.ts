/** An output that remembers what it was told. @module */

import { UltraError } from "../../src/base/errors.ts";
import type { UserEvent } from "../../src/measure/events.ts";
import type { Measurement, TestVerdict } from "../../src/measure/verdict.ts";
import type {
  AddedConnection,
  FileFailure,
  ReportedSettings,
  RunPhase,
  TicketNotice,
  TransferConfig,
  TransferFacts,
  TransferStart,
} from "../../src/session/events.ts";
import type { Progress } from "../../src/transfer/outcome.ts";
import { humanLines } from "../../src/ui/human_lines.ts";
import { errorText } from "../../src/ui/messages.ts";
import { answer, type EventOf, type Output } from "../../src/ui/output.ts";

/** Events that are no call of their own: a phase is in `phases`, a ticket in `tickets`, what was said in words in `warnings` and `notes`. */
const IN_WORDS: ReadonlySet<UserEvent["type"]> = new Set(
  [
    ...["phase", "memory-bound", "offering", "receiving-into", "ipv4-only"] as const,
    ...["wrong-proof", "unkept", "unsent", "warning", "debug", "ticket"] as const,
  ],
);

export class RecordingOutput implements Output {
  /** Everything, in its order. */
  readonly events: UserEvent[] = [];
  /** Called with each event behind it. */
  listener: (event: UserEvent) => void = () => {};

  tell(event: UserEvent): void {
    this.events.push(event);
    this.listener(event);
  }

  /** Types of the events in their order; of those that follow each other with the same one, one stands for all. */
  get calls(): string[] {
    const types = this.events.map(({ type }) => type).filter((type) => !IN_WORDS.has(type));
    return types.filter((type, index) => type !== types[index - 1]);
  }

  get phases(): RunPhase[] {
    return this.#all("phase").map(({ phase }) => phase);
  }

  get tickets(): TicketNotice[] {
    return this.#all("ticket").map(({ ticket }) => ticket);
  }

  get starts(): TransferStart[] {
    return this.#all("started").map(({ start }) => start);
  }

  get configs(): TransferConfig[] {
    return this.#all("config").map(({ config }) => config);
  }

  get openedStreams(): number[] {
    return this.#all("opened").map(({ streams }) => streams);
  }

  get additions(): AddedConnection[] {
    return this.#all("added").map(({ added }) => added);
  }

  get reportedSettings(): ReportedSettings[] {
    return this.#all("settings").map(({ reported }) => reported);
  }

  get reports(): Pick<Progress, "verifiedBytes" | "totalBytes" | "listed">[] {
    return this.#all("progress").map(({ progress: { verifiedBytes, totalBytes, listed } }) => {
      return { verifiedBytes, totalBytes, listed };
    });
  }

  get failures(): FileFailure[] {
    return this.#all("file-failed").map(({ failure }) => failure);
  }

  get facts(): TransferFacts[] {
    return this.#all("complete").map(({ facts }) => facts);
  }

  get measurements(): Measurement[] {
    return this.#all("measured").map(({ measurement }) => measurement);
  }

  get testVerdicts(): TestVerdict[] {
    return this.#all("tested").flatMap(({ verdicts }) => verdicts);
  }

  get errors(): unknown[] {
    return this.#all("error").map(({ error }) => error);
  }

  /** The errors as a user sees them. */
  get errorTexts(): string[] {
    return this.#all("error").map(({ error, fromPeer }) =>
      error instanceof UltraError ? errorText(error, fromPeer) : `bug: ${error}`
    );
  }

  /** As a user sees them. */
  get warnings(): string[] {
    return this.#worded("warning", "wrong-proof", "unkept", "unsent").map((line) => line.replace("Warning: ", ""));
  }

  get notes(): string[] {
    return this.#worded("memory-bound", "offering", "receiving-into", "ipv4-only");
  }

  #all<Type extends UserEvent["type"]>(type: Type): EventOf<Type>[] {
    return this.events.filter((event): event is EventOf<Type> => event.type === type);
  }

  #worded(...types: readonly UserEvent["type"][]): string[] {
    const no = () => false;
    const table = humanLines({
      isVerbose: no,
      hasStatus: false,
      state: () => undefined,
      isNews: no,
      hasTable: no,
      again: () => undefined,
      resumes: () => true,
      isServing: no,
    });
    return this.events.filter(({ type }) => types.includes(type)).flatMap((event) => [...answer(table, event)]);
  }
}
