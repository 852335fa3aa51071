// Where an engine is looked for, in which order, and which version of its interface is spoken.
import { expect, test } from "vitest";
import { chooseApi, listSockets } from "../../../src/bridge/sandbox/engine-search.ts";
import { locate } from "../../../src/bridge/sandbox/files.ts";
import { packagesOf } from "../../support/engine.ts";

test("one that is named is the only one that is tried, the configuration's before the environment's", () => {
  const environment = { DOCKER_HOST: "unix:///run/b.sock", HOME: "/users/ann", XDG_RUNTIME_DIR: "/run/user/1" };
  expect(listSockets({ socket: "/run/a.sock", environment })).toEqual(["/run/a.sock"]);
  expect(listSockets({ environment })).toEqual(["/run/b.sock"]);
});

test("else the usual places, a system's own before a user's, Docker before Podman", () => {
  const sockets = listSockets({ environment: { HOME: "/users/ann", XDG_RUNTIME_DIR: "/run/user/1" } });
  expect(sockets[0]).toBe("/var/run/docker.sock");
  expect(sockets).toContain("/run/user/1/docker.sock");
  expect(sockets).toContain("/users/ann/.colima/default/docker.sock");
  expect(sockets.indexOf("/run/user/1/docker.sock")).toBeLessThan(sockets.indexOf("/run/user/1/podman/podman.sock"));
  expect(listSockets({ environment: {}, uid: 0 })).toEqual(["/var/run/docker.sock", "/run/podman/podman.sock"]);
});

test.skipIf(process.platform !== "linux")("a user's own places are known also where nobody told of them", () => {
  const sockets = listSockets({ environment: {}, uid: 1 });
  expect(sockets).toContain("/run/user/1/docker.sock");
  expect(sockets).toContain("/run/user/1/podman/podman.sock");
  expect(listSockets({ environment: { XDG_RUNTIME_DIR: "/elsewhere" }, uid: 1 })).not.toContain("/run/user/1/docker.sock");
});

test("another machine's is refused with a reason", () => {
  for (const socket of ["tcp://10.0.0.1:2376", "ssh://nas", "npipe:////./pipe/docker_engine", "docker.sock"]) {
    expect(() => listSockets({ socket, environment: {} })).toThrow(/is no engine of this machine/);
  }
});

test("the newest version that both know is spoken, and not less than the engine's oldest", () => {
  expect(chooseApi("1.41", "1.12")).toBe("1.41");
  expect(chooseApi("1.60", "1.44")).toBe("1.51");
  expect(chooseApi("1.60", "1.55")).toBe("1.55");
  expect(chooseApi("1.9", "1.9")).toBe("1.9");
});

test("a path is read as one of the sandbox", () => {
  expect(locate("a/b")).toEqual({ path: "/workspace/a/b", root: "/workspace" });
  expect(locate("~")).toEqual({ path: "/workspace", root: "/workspace" });
  expect(locate("/tmp//x/./y")).toEqual({ path: "/tmp/x/y", root: "/tmp" });
  for (const path of ["/", "..", "/workspace/..", "/tmp/../etc", "/workspaces/x", "~x/../../etc", "/proc/self/root/workspace"]) {
    expect(() => locate(path)).toThrow(/neither below/);
  }
});

test("the packages of a Dockerfile are read as apt-get would read them", () => {
  expect(
    packagesOf(
      "RUN apt-get update \\\n && apt-get install -y --no-install-recommends \\\n   bash g++ \\\n   xz-utils \\\n && rm -rf x",
    ),
  ).toEqual(["bash", "g++", "xz-utils"]);
});
