/** A whole transfer in virtual time: both machines, both engines, the network, and what goes wrong. @module */

import { describe } from "../../src/ui/advice.ts";
import type { LaneId } from "../../src/protocol/words.ts";
import { UltraError } from "../../src/base/errors.ts";
import type { EntryId, TransferMessage } from "../../src/protocol/messages.ts";
import { Receiver } from "../../src/transfer/receiver.ts";
import { Sender } from "../../src/transfer/sender.ts";
import type { ReceiverCommand } from "../../src/transfer/turns.ts";
import { chunkBlocks } from "../../src/settings/ultra.ts";
import { Clock } from "./clock.ts";
import { BLOCK } from "./content.ts";
import { Disk } from "./disk.ts";
import { aliveOf, type Frame, killLane, type Lane } from "./lanes.ts";
import { ControlStream, type Side } from "./network.ts";
import { Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import { deafened, type Flaws, repeated, uncut } from "./flaws.ts";
import { Source } from "./source.ts";

/** No transfer of a scenario takes longer, with all outages, stalls and waits. */
const LONGEST_MS = 180_000;

/** A link that stays lost is given up after this. */
const GIVE_UP_MS = 60_000;

const TICK_MS = 45;

/** Its number on the link. */
const TRANSFER = 7;

export class World {
  readonly clock = new Clock();
  readonly random: Random;
  readonly source: Source;
  readonly disk: Disk;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly faults: string[];
  hung = false;
  /** Whether a link or lane was lost, so that blocks may travel twice. */
  disturbed = false;
  /** Entries of which the sender has said that they failed. */
  readonly failedThere = new Set<EntryId>();
  readonly #control: ControlStream;
  readonly #lanes = new Map<LaneId, Lane>();
  #nextLane: LaneId = 1;
  #isListed = false;
  #outages = 0;
  #mostBytes = 0;

  constructor(readonly scenario: Scenario, readonly flaws: Flaws = {}) {
    this.random = new Random(scenario.seed ^ 0x5eed);
    const { clock, random } = this;
    this.#control = new ControlStream(
      clock,
      random,
      scenario.latencyMs,
      (side, message) => this.#arrive(side, message),
    );
    const tellSender = (act: (sender: Sender) => void) => this.#tell(() => act(this.sender));
    const tellReceiver = (act: (receiver: Receiver) => void) => this.#tell(() => act(this.receiver));
    this.disk = new Disk(scenario, clock, random, tellReceiver, flaws.disk ?? "none");
    const deliver = (lane: Lane, frame: Frame) => this.disk.deliver(lane, frame);
    this.source = new Source(scenario, clock, random, tellSender, deliver, flaws.source ?? "none");
    this.faults = this.disk.faults;
    this.sender = this.#makeSender();
    this.receiver = this.#makeReceiver();
  }

  /** Runs to the end of both machines. */
  run(): void {
    this.#openLanes(this.scenario.lanes);
    for (const loss of this.scenario.losses) {
      this.clock.after(loss.atMs, () => loss.what === "link" ? this.#loseLink() : this.#loseLane());
    }
    this.#tick();
    const { cancel } = this.scenario;
    while (this.isRunning) {
      if (this.clock.nowMs > LONGEST_MS || !this.clock.step()) {
        this.hung = true;
        return;
      }
      if (cancel?.atStep === this.clock.steps) {
        const error = new UltraError(cancel.kind, "somebody cancelled");
        (cancel.by === "sender" ? this.sender : this.receiver).handle({ type: "cancel", error });
      }
    }
  }

  get isRunning(): boolean {
    return this.sender.outcome.state === "running" || this.receiver.outcome.state === "running";
  }

  #makeSender(): Sender {
    const { source } = this;
    return new Sender({
      shrink: (grant, end) => {
        this.#settleSender();
        return source.shrink(grant, end);
      },
      transferRoot: (statuses) => source.transferRoot(statuses),
      root: (entry) => source.root(entry),
    }, { transfer: TRANSFER, blockLength: BLOCK, chunkBlocks, describe, sealsAlike: this.scenario.sealsAlike });
  }

  #makeReceiver(): Receiver {
    const { disk, scenario } = this;
    const { overwrite } = scenario;
    return new Receiver({
      name: () => undefined,
      freeSpace: () => undefined,
      transferRoot: (statuses) => {
        this.#settleReceiver();
        return disk.transferRoot(statuses);
      },
      root: (entry) => disk.root(entry),
    }, { transfer: TRANSFER, existing: overwrite ? "replace" : "refuse", blockLength: BLOCK, describe });
  }

  /** Does what the sender has asked for meanwhile. */
  #settleSender(): void {
    const { source } = this;
    for (let command = this.sender.poll(); command !== undefined; command = this.sender.poll()) {
      switch (command.type) {
        case "send":
          if (command.message.type === "fail") this.failedThere.add(command.message.entry);
          this.#control.send("sender", command.message);
          break;
        case "grant":
          source.grant(command.lane, command.grant, command.entry, command.first, command.count);
          break;
        case "grant-entries": {
          const { first, count } = uncut(this, "uncutGrants", command);
          source.grantEntries(command.lane, command.grant, first, count);
          break;
        }
        case "hold":
          source.hold(command.entry, command.first, command.values);
          break;
        case "release":
          source.release(command.first, command.count);
          break;
      }
    }
  }

  #settleReceiver(): void {
    for (let command = this.receiver.poll(); command !== undefined; command = this.receiver.poll()) {
      this.#runAtReceiver(command);
    }
  }

  #runAtReceiver(command: ReceiverCommand): void {
    const { disk } = this;
    switch (command.type) {
      case "send":
        for (const message of repeated(this, command.message)) this.#control.send("receiver", message);
        return;
      case "page":
        return disk.page(command.first, command.count, command.entries);
      case "expect":
        return disk.expect(command.entry, command.first, command.count);
      case "expect-entries": {
        const { first, count } = uncut(this, "uncutExpects", command);
        return disk.expectEntries(first, count);
      }
      case "commit":
        this.#checkPassed(command.entry);
        return disk.commit(command.entry, command.size, command.root);
      case "commit-entries":
        this.#checkPassed(command.first);
        if (this.flaws.hastyLinks) this.#commitLinks();
        return disk.commitEntries(command.first, command.count);
      case "finish-folders":
        return disk.finishFolders();
      case "abandon":
        return disk.abandon(command.entry);
    }
  }

  #checkPassed(entry: EntryId): void {
    const hasPassed = this.#isListed && this.disk.checkedEntries === this.scenario.files.length;
    if (!hasPassed) this.faults.push(`committed entry ${entry} before the last page passed`);
  }

  /** Commits links with the first other entries, as a machine would that does not wait. */
  #commitLinks(): void {
    const { disk, scenario } = this;
    for (const entry of scenario.files.keys()) if (disk.isLink(entry)) disk.commitEntries(entry, 1);
  }

  #arrive(side: Side, arrived: TransferMessage): void {
    const message = deafened(this, side, arrived);
    if (message === undefined) return;
    this.#tell(() => {
      if (side === "sender") return this.sender.handle({ type: "message", message });
      if (message.type === "pages-end") this.#isListed = true;
      this.receiver.handle({ type: "message", message });
      if (message.type === "page" && this.flaws.hasty) this.#beHasty(message);
    });
  }

  /** Ends the manifest behind its first page, as a machine would that does not wait. */
  #beHasty(page: TransferMessage & { readonly type: "page" }): void {
    const files = this.scenario.files.slice(0, page.first + page.count);
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    this.receiver.handle({ type: "message", message: { type: "pages-end", entries: files.length, bytes } });
  }

  /** Lets something happen to a machine; sometimes the owner's batch ends behind it, and sometimes more comes before it polls. */
  #tell(act: () => void): void {
    act();
    if (this.random.chance(0.2)) this.sender.handle({ type: "tick", nowMs: this.clock.nowMs });
    if (this.random.chance(0.2)) this.receiver.handle({ type: "tick", nowMs: this.clock.nowMs });
    if (this.random.chance(0.7)) this.#settle();
    this.#mostBytes = Math.max(this.#mostBytes, this.receiver.progress.verifiedBytes);
    if (this.#mostBytes > this.receiver.progress.totalBytes) this.faults.push("more bytes verified than there are");
  }

  #settle(): void {
    this.#settleSender();
    this.#settleReceiver();
  }

  #tick(): void {
    this.source.walk(this.sender);
    this.sender.handle({ type: "tick", nowMs: this.clock.nowMs });
    this.receiver.handle({ type: "tick", nowMs: this.clock.nowMs });
    this.#settle();
    this.clock.after(this.random.time(1, TICK_MS), () => this.#tick());
  }

  #openLanes(count: number): void {
    const ids: LaneId[] = [];
    for (let i = 0; i < count; i++) {
      const lane: Lane = { id: this.#nextLane++, isAlive: true, arrived: [], isWriting: false };
      this.#lanes.set(lane.id, lane);
      this.source.openLane(lane);
      ids.push(lane.id);
    }
    this.sender.handle({ type: "lanes-opened", lanes: ids });
  }

  /** Resets one lane. The receiver's claim lives on until its write returns; the sender hears of it a little later. */
  #loseLane(): void {
    const alive = aliveOf(this.#lanes);
    if (alive.length === 0 || !this.#control.isUp) return;
    this.disturbed = true;
    const lane = this.random.pick(alive);
    killLane(lane);
    this.source.killLane(lane.id);
    this.clock.after(this.random.time(0, 5), () => {
      if (!this.flaws.deafToLanes) this.sender.handle({ type: "lane-lost", lane: lane.id });
      if (aliveOf(this.#lanes).length === 0 && this.#control.isUp) this.#openLanes(1);
    });
  }

  /** Both sides notice at different times; then another connection comes, unless this is the end. */
  #loseLink(): void {
    if (!this.#control.isUp) return;
    this.disturbed = true;
    this.#outages++;
    this.#control.lose();
    for (const lane of this.#lanes.values()) killLane(lane);
    this.source.killLanes();
    const noticeMs = 500;
    this.clock.after(this.random.time(0, noticeMs), () => this.sender.handle({ type: "link-lost" }));
    this.clock.after(this.random.time(0, noticeMs), () => this.receiver.handle({ type: "link-lost" }));
    const links = this.scenario.losses.filter((loss) => loss.what === "link").length;
    if (this.scenario.staysLost && this.#outages === links) return this.clock.after(GIVE_UP_MS, () => this.#giveUp());
    this.clock.after(this.random.time(noticeMs, 5000), () => this.#restoreLink());
  }

  #restoreLink(): void {
    this.#control.restore();
    const join = (side: Side, restore: () => void) => {
      this.clock.after(this.random.time(0, 50), () => {
        if (!this.#control.isUp) return;
        restore();
        this.#control.join(side);
      });
    };
    join("receiver", () => this.receiver.handle({ type: "link-restored" }));
    join("sender", () => {
      this.sender.handle({ type: "link-restored" });
      this.clock.after(this.random.time(0, 50), () => {
        if (this.#control.isUp) this.#openLanes(this.scenario.lanes);
      });
    });
  }

  #giveUp(): void {
    this.sender.handle({ type: "cancel", error: new UltraError("network", "no answer") });
    this.receiver.handle({ type: "cancel", error: new UltraError("network", "no answer") });
  }
}
