/** What a task says of receiving, as the session takes it. @module */

import type { ReceiveOptions } from "../session/incoming.ts";
import type { RunOptions } from "../session/once.ts";
import { grantedLanes } from "../settings/budget.ts";
import type { GetTask, ReceiveTask } from "./resolve.ts";

export function receiveOptions(task: ReceiveTask | GetTask): ReceiveOptions & RunOptions {
  const { tuning } = task;
  return {
    ...task.target,
    existing: task.existing,
    restart: task.restart,
    hidden: task.hidden,
    links: task.links,
    preserve: task.preserve,
    noSync: task.noSync,
    allowLeftOut: task.allowLeftOut,
    allowSleep: task.allowSleep,
    retryForMs: task.retryForMs,
    lanes: grantedLanes(tuning),
    connections: tuning.connections,
  };
}
