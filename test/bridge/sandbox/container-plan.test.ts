// What a container is made of, as data: every guard is there whatever the place asks for, and nothing of a place loosens one.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ContainerRequest,
  chooseUser,
  containerName,
  explainClosed,
  LABEL,
  NOBODY,
  planContainer,
  type SandboxPlace,
} from "../../../src/bridge/sandbox/container-plan.ts";
import type { EngineFacts } from "../../../src/bridge/sandbox/engine.ts";
import { place as placeSchema } from "../../../src/contract/home/commands.ts";

const engine: EngineFacts = {
  name: "Docker",
  version: "28.0.0",
  isRootless: false,
  socket: "/var/run/docker.sock",
  api: "v1.47",
  hasSeccomp: true,
  hasSelinux: false,
  limits: { memory: true, pids: true, cpu: true },
};
const place = (rest: Partial<SandboxPlace> = {}) =>
  placeSchema.parse({ kind: "sandbox", key: "agent:main:main", agentId: "main", ...rest }) as SandboxPlace;
const request = (rest: Partial<ContainerRequest> = {}): ContainerRequest => ({
  place: place(),
  installation: "i-1",
  image: "skerry-sandbox:trixie",
  imageVolumes: [],
  folder: "/state/workspace",
  folderNumber: "1-2",
  user: { uid: 1000, gid: 1000 },
  engine,
  networks: ["lan"],
  hasInit: true,
  ...rest,
});
const hostOf = (plan: { body: Record<string, unknown> }) => plan.body["HostConfig"] as Record<string, unknown>;
const codeOf = (work: () => unknown) => {
  try {
    work();
    return "none";
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe("the plan of a container", () => {
  test("has every guard, whatever a valid place asks for", () => {
    const places = fc.record({
      key: fc.string({ minLength: 1, maxLength: 40 }),
      agentId: fc.string({ minLength: 1, maxLength: 20 }),
      workspace: fc.constantFrom("none" as const, "ro" as const, "rw" as const),
      network: fc.constantFrom("none", "lan"),
      memoryMb: fc.integer({ min: 16, max: 65_536 }),
      cpus: fc.double({ min: 0.01, max: 64, noNaN: true }),
      pids: fc.integer({ min: 8, max: 4096 }),
      setup: fc.string({ maxLength: 30 }),
      env: fc.constant({ A: "--privileged" }),
    });
    fc.assert(
      fc.property(places, (wanted) => {
        const plan = planContainer(request({ place: place(wanted) }));
        const host = hostOf(plan);
        expect(host).toMatchObject({
          NetworkMode: wanted.network,
          ReadonlyRootfs: true,
          Privileged: false,
          CapDrop: ["ALL"],
          SecurityOpt: ["no-new-privileges"],
          IpcMode: "private",
          PidMode: "",
          UTSMode: "",
          Memory: wanted.memoryMb * 1024 * 1024,
          MemorySwap: wanted.memoryMb * 1024 * 1024,
          PidsLimit: wanted.pids,
          Mounts: [{ Type: "bind", Source: "/state/workspace", Target: "/workspace", ReadOnly: wanted.workspace === "ro" }],
        });
        expect(plan.body["User"]).toBe("1000:1000");
        for (const name of [
          "Binds",
          "Devices",
          "DeviceRequests",
          "CapAdd",
          "VolumesFrom",
          "GroupAdd",
          "PortBindings",
          "UsernsMode",
          "CgroupnsMode",
          "MaskedPaths",
        ]) {
          expect(host).not.toHaveProperty(name);
        }
        expect(JSON.stringify(plan.body)).not.toContain("unconfined");
        expect(plan.name).toMatch(/^skerry-[0-9a-f]{20}$/);
      }),
    );
  });

  test("another setting is another hash; the same are the same", () => {
    const hash = (rest: Partial<ContainerRequest>) => planContainer(request(rest)).settings;
    const all = [
      hash({}),
      hash({ image: "other:1" }),
      hash({ folder: "/elsewhere" }),
      hash({ user: { uid: 1, gid: 1 } }),
      hash({ place: place({ memoryMb: 17 }) }),
      hash({ place: place({ cpus: 2 }) }),
      hash({ place: place({ pids: 9 }) }),
      hash({ place: place({ network: "lan" }) }),
      hash({ place: place({ workspace: "ro" }) }),
      hash({ place: place({ setup: "true" }) }),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(hash({})).toBe(all[0]);
    // What a command gets is no part of the container; neither is an init that the engine lacks.
    expect(hash({ place: place({ env: { A: "1" } }) })).toBe(all[0]);
    expect(hash({ hasInit: false })).toBe(all[0]);
  });

  test("names tell apart keys and installations, and agents where their files are mounted", () => {
    const names = [
      containerName("a", place()),
      containerName("b", place()),
      containerName("a", place({ key: "other" })),
      containerName("a", place({ key: "shared" })),
      containerName("a", place({ key: "shared", workspace: "rw", agentId: "one" })),
      containerName("a", place({ key: "shared", workspace: "rw", agentId: "two" })),
    ];
    expect(new Set(names).size).toBe(names.length);
    expect(containerName("a", place({ key: "shared", agentId: "one" }))).toBe(
      containerName("a", place({ key: "shared", agentId: "two" })),
    );
    expect(planContainer(request()).body["Labels"]).toMatchObject({
      [LABEL.installation]: "i-1",
      [LABEL.key]: "agent:main:main",
    });
  });

  test("a network that is this machine's, another container's or not allowed is refused, also when it is on the list", () => {
    for (const network of [
      "host",
      "HOST",
      "container:x",
      "ns:/proc/1/ns/net",
      "pasta",
      "slirp4netns",
      "private",
      "",
      "../x",
      "-lan",
      "bridge",
    ]) {
      const wanted = request({ place: place({ network }), networks: network === "bridge" ? [] : [network] });
      expect({ network, code: codeOf(() => planContainer(wanted)) }).toEqual({ network, code: "FORBIDDEN" });
    }
  });

  test("what an engine lacks is said, with what to do", () => {
    const rootless = { ...engine, isRootless: true };
    const none = { memory: false, pids: false, cpu: false };
    expect(explainClosed(engine)).toBeUndefined();
    expect(explainClosed(rootless)).toBeUndefined();
    expect(explainClosed({ ...engine, hasSeccomp: false })).toContain("without seccomp");
    expect(explainClosed({ ...rootless, limits: none })).toMatch(
      /^Docker, rootless, cannot limit the memory and processes of .* A rootless engine needs cgroups version 2,/,
    );
    expect(explainClosed({ ...engine, limits: { ...none, memory: true } })).toMatch(
      /^Docker cannot limit the processes of .*kernel/,
    );
  });

  test("an engine without seccomp, or one that can limit neither memory nor processes, keeps it closed", () => {
    const without = (rest: Partial<EngineFacts>) => codeOf(() => planContainer(request({ engine: { ...engine, ...rest } })));
    expect(without({ hasSeccomp: false })).toBe("UNAVAILABLE");
    expect(without({ limits: { memory: false, pids: true, cpu: true } })).toBe("UNAVAILABLE");
    expect(without({ limits: { memory: true, pids: false, cpu: true } })).toBe("UNAVAILABLE");
    const slow = planContainer(request({ engine: { ...engine, limits: { memory: true, pids: true, cpu: false } } }));
    expect(hostOf(slow)).not.toHaveProperty("NanoCpus");
  });

  test("volumes that an image declares are kept in memory, and none takes the workspace's place", () => {
    const tmpfs = hostOf(planContainer(request({ imageVolumes: ["/data", "/workspace", "/tmp", "relative"] })))[
      "Tmpfs"
    ] as Record<string, string>;
    expect(Object.keys(tmpfs).sort()).toEqual(["/data", "/run", "/tmp", "/var/tmp"]);
    for (const options of Object.values(tmpfs)) expect(options).toMatch(/nosuid,nodev,size=\d+m/);
    expect(tmpfs["/tmp"]).toContain("exec,");
    expect(tmpfs["/data"]).toContain("noexec");
  });
});

test("it runs as the folder's owner, never as this machine's root", () => {
  const owner = { uid: 1000, gid: 100 };
  const rootless = { ...engine, isRootless: true };
  expect(chooseUser(engine, owner)).toEqual(owner);
  expect(chooseUser(engine, { uid: 0, gid: 0 })).toEqual({ uid: NOBODY, gid: NOBODY });
  expect(chooseUser({ ...rootless, name: "Podman" }, owner)).toEqual({ ...owner, usernsMode: "keep-id" });
  expect(chooseUser({ ...engine, name: "Podman" }, { uid: 0, gid: 0 })).toEqual({ uid: NOBODY, gid: NOBODY });
  // Its root is whoever runs the engine.
  expect(chooseUser(rootless, owner)).toEqual({ uid: 0, gid: 0 });
});
