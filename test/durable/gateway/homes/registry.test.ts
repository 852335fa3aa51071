// What a machine may be asked for: what was approved of what it declares, and nothing that somebody did not see.
import { beforeEach, describe, expect, it } from "vitest";
import { type Arrival, Homes } from "../../../../src/durable/gateway/homes/registry.ts";
import { openTestSql } from "../../../support/sqlite.ts";

let homes: Homes;
beforeEach(() => {
  homes = new Homes(openTestSql(), () => true);
});

function arrive(commands: string[], approved: string[] = []) {
  const arrival: Arrival = {
    id: "nas-id",
    name: "nas",
    platform: "linux",
    version: "1",
    instance: "one",
    caps: [],
    commands,
    permissions: {},
  };
  return homes.arrive(arrival, approved, 1);
}

describe("approving what a machine offers since", () => {
  it("lets it be asked for all that it declares when nothing is said", () => {
    arrive(["files.read", "exec.start"], ["files.read"]);
    expect(homes.approve("nas-id")).toMatchObject({ commands: ["files.read", "exec.start"], unapproved: [] });
  });

  it("lets it be asked only for what was seen, whatever it declares by now", () => {
    arrive(["files.read"], ["files.read"]);
    arrive(["files.read", "files.list", "exec.start"]);
    expect(homes.approve("nas-id", ["files.list"])).toMatchObject({
      commands: ["files.read", "files.list"],
      unapproved: ["exec.start"],
    });
  });

  it("gives nothing that it does not declare, and takes nothing away that it may do", () => {
    arrive(["files.read"], ["files.read"]);
    expect(homes.approve("nas-id", ["exec.start"])).toMatchObject({ commands: ["files.read"], unapproved: [] });
    // What was never declared is not approved beforehand.
    expect(arrive(["files.read", "exec.start"])).toMatchObject({ commands: ["files.read"], unapproved: ["exec.start"] });
  });

  it("forgets what it no longer declares, so that it has to be asked again", () => {
    arrive(["files.read", "exec.start"], ["files.read", "exec.start"]);
    arrive(["files.read"]);
    homes.approve("nas-id");
    expect(arrive(["files.read", "exec.start"])).toMatchObject({ unapproved: ["exec.start"] });
  });

  it("does nothing for a machine that nobody knows", () => {
    expect(homes.approve("nobody")).toBeUndefined();
  });
});
