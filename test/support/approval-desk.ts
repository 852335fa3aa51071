// Approvals as the Directory keeps them, over rows of their own, with the way back into a session of a test.
import type { Event } from "../../src/contract/event.ts";
import type { Address } from "../../src/contract/message.ts";
import { Approvals } from "../../src/durable/directory/hands/approvals.ts";
import { DIRECTORY_SCHEMA } from "../../src/durable/directory/schema.ts";
import { migrate } from "../../src/durable/storage/sql.ts";
import { openTestSql } from "./sqlite.ts";

export interface TestApprovals {
  port: Approvals;
  /** Set once the session is there. */
  receive: (sessionKey: string, event: Event) => Promise<unknown>;
  ownerAt?: Address;
  goesToChats: boolean;
  announced: string[];
  /** What is on its way to sessions has arrived. */
  settled(): Promise<void>;
}

export function openTestApprovals(now: () => number = Date.now): TestApprovals {
  const sql = openTestSql();
  migrate(sql, "directory", DIRECTORY_SCHEMA);
  const work: Promise<unknown>[] = [];
  const host = {
    now,
    announce: (event: string) => void desk.announced.push(event),
    receive: (sessionKey: string, event: Event) => desk.receive(sessionKey, event),
    rearm: async () => {},
    ownerAt: () => desk.ownerAt,
    goesToChats: () => desk.goesToChats,
    waitUntil: (one: Promise<unknown>) => void work.push(one),
  };
  const desk: TestApprovals = {
    port: new Approvals(sql, host),
    receive: () => Promise.reject(new Error("No session is there.")),
    goesToChats: true,
    announced: [],
    async settled() {
      while (work.length > 0) await work.shift();
    },
  };
  return desk;
}
