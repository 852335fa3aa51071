// What a container keeps in: attacks from inside a real one. Each fails for a reason that is named, so that it would be seen if
// the protection were gone.

import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createSocketServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildImage, DEFAULT_IMAGE } from "../../../src/bridge/sandbox/image.ts";
import { imageArchive, skipReason, startEngine, type TestEngine } from "../../support/engine.ts";
import { openTestSandbox, ownUser, type TestSandbox } from "../../support/sandbox.ts";

const reason = skipReason();

const SECRET = "bridge-secret-7f3a";
const MIB = 1024 * 1024;

describe.skipIf(reason !== undefined)("the walls of the sandbox", () => {
  let engine: TestEngine;
  let box: TestSandbox;

  beforeAll(async () => {
    const archive = imageArchive();
    process.env["SKERRY_TOKEN"] = SECRET;
    engine = await startEngine();
    await engine.importImage(DEFAULT_IMAGE, archive);
    box = openTestSandbox({ environment: { ...engine.environment, SKERRY_TOKEN: SECRET } });
  }, 600_000);

  afterAll(async () => {
    delete process.env["SKERRY_TOKEN"];
    await box?.leave();
    await engine?.stop();
  }, 60_000);

  /** Podman's own profile and mounts differ here and there; what differs is named where it does. */
  const isPodman = () => engine.engine.facts.name === "Podman";
  const isRootlessDocker = () => engine.engine.facts.isRootless && !isPodman();
  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => ({ code: "none", message: "" }),
      (error) => error,
    );
  /** What a Python program says that asks the kernel directly. `call(name, …)` answers the error's name, or "done". */
  const ask = async (key: string, program: string) => {
    const prelude = [
      "import ctypes, errno, os, socket, sys",
      "libc = ctypes.CDLL(None, use_errno=True)",
      "def call(name, *args):",
      "    ctypes.set_errno(0)",
      "    return 'done' if getattr(libc, name)(*args) >= 0 else errno.errorcode[ctypes.get_errno()]",
      "def attempt(work):",
      "    try: work(); return 'done'",
      "    except OSError as e: return errno.errorcode.get(e.errno, str(e))",
    ].join("\n");
    const ran = await box.run(box.place(key), 'exec python3 -c "$PROGRAM"', { env: { PROGRAM: `${prelude}\n${program}` } });
    expect(ran.exitCode, ran.output).toBe(0);
    return ran.output.trim().split("\n");
  };

  test("it runs as nobody or as the folder's owner, without a capability, without a way to more, behind seccomp", async () => {
    const { output } = await box.run(
      box.place("status"),
      "grep -E '^(Uid|Gid|Groups|Cap|NoNew|Seccomp:)' /proc/self/status /proc/1/status",
    );
    const facts = (path: string) =>
      Object.fromEntries(
        output
          .split("\n")
          .filter((line) => line.startsWith(path))
          .map((line) => line.slice(path.length + 1).split(/:\s*/) as [string, string]),
      );
    const none = "0000000000000000";
    const { uid, gid } = ownUser(engine);
    const wanted = {
      ...{ Uid: [uid, uid, uid, uid].join("\t"), Gid: [gid, gid, gid, gid].join("\t") },
      ...{ CapInh: none, CapPrm: none, CapEff: none, CapBnd: none, CapAmb: none, NoNewPrivs: "1", Seccomp: "2" },
    };
    expect(facts("/proc/self/status")).toMatchObject(wanted);
    expect(facts("/proc/1/status")).toMatchObject(wanted);
  });

  test.skipIf(process.getuid?.() !== 0)("a folder's owner who is not root is whom it runs as", async () => {
    const other = openTestSandbox(engine);
    const { chownSync } = await import("node:fs");
    chownSync(other.filesDir, 1234, 1235);
    try {
      const place = other.place("owner", { workspace: "rw" });
      expect((await other.run(place, "id -u; id -g; touch /workspace/made")).output).toBe("1234\n1235\n");
      expect(statSync(join(other.filesDir, "made")).uid).toBe(1234);
    } finally {
      await other.leave();
    }
  });

  test("nothing of this machine is mounted but the workspace, and the root is read-only", async () => {
    const { output } = await box.run(box.place("mounts"), "cat /proc/self/mountinfo");
    const mounts = output
      .trim()
      .split("\n")
      .map((line) => {
        const [, , , root = "", at = "", options = ""] = line.split(" ");
        const [type = ""] = (line.split(" - ")[1] ?? "").split(" ");
        return { at, root, type, isWritable: options.split(",").includes("rw"), options };
      });
    expect(mounts.find(({ at }) => at === "/")).toMatchObject({ type: "overlay", isWritable: false });
    // A device that everybody may use, by itself: what a rootless engine cannot make, and what hides files of /proc.
    const isDevice = ({ root, type }: { root: string; type: string }) =>
      type === "devtmpfs" && /^\/(null|zero|full|tty|u?random)$/.test(root);
    const fromDisk = mounts
      .filter(({ type }) => !/^(overlay|proc|tmpfs|devpts|sysfs|cgroup2?|mqueue)$/.test(type))
      .filter((mount) => !isDevice(mount));
    expect(fromDisk.filter(({ isWritable }) => isWritable).map(({ at }) => at)).toEqual(["/workspace"]);
    const own = [
      "/etc/group",
      "/etc/hostname",
      "/etc/hosts",
      "/etc/passwd",
      "/etc/resolv.conf",
      "/run/.containerenv",
      "/run/podman-init",
      "/sbin/docker-init",
      "/usr/sbin/docker-init",
    ];
    expect(fromDisk.map(({ at }) => at).filter((at) => !own.includes(at))).toEqual(["/workspace"]);
    const writable = mounts.filter(({ type, isWritable }) => type === "tmpfs" && isWritable).map(({ at }) => at);
    for (const at of ["/tmp", "/var/tmp", "/run"]) expect(writable).toContain(at);
    for (const { at, options } of mounts.filter((one) => ["/tmp", "/var/tmp", "/run", "/dev/shm"].includes(one.at))) {
      expect(`${at} ${options}`).toMatch(/nosuid/);
      expect(`${at} ${options}`).toMatch(/nodev/);
      expect(options.includes("noexec")).toBe(at !== "/tmp");
    }
  });

  test("it sees what the place gives, and nothing of the bridge's environment", async () => {
    const place = box.place("environment", { env: { GIVEN: "yes" } });
    const { output } = await box.run(place, "cat /proc/1/environ /proc/self/environ | tr '\\0' '\\n'; env; cat /proc/*/cmdline");
    expect(output).toContain("GIVEN=yes");
    expect(output).not.toContain(SECRET);
    const names = new Set([...output.matchAll(/^([A-Z_]+)=/gm)].map((match) => match[1] ?? ""));
    // Podman gives every command one.
    names.delete("TERM");
    expect([...names].sort()).toEqual(["GIVEN", "HOME", "HOSTNAME", "LANG", "PATH", "PWD", "SHLVL", "SKERRY_PROCESS", "_"]);
    const { output: hidden } = await box.run(
      place,
      `grep -rls "${SECRET.slice(0, -1)}[${SECRET.slice(-1)}]" /tmp /run /workspace /etc /var 2>/dev/null`,
    );
    expect(hidden).toBe("");
  });

  test("it writes nowhere but where it may", async () => {
    // For a container's root, /dev is a folder in memory like /tmp. On cgroups of version 1, crun leaves one of 1 MB.
    const inMemory = [...(isRootlessDocker() ? ["/dev"] : []), ...(isPodman() ? ["/sys/fs/cgroup"] : [])];
    const { output: kinds } = await box.run(
      box.place("outside"),
      `for d in ${inMemory.join(" ")}; do stat -fc %T $d; df --output=size -m $d | tail -1; done`,
    );
    expect(kinds).toMatch(/^((tmpfs\n +(64|1)|cgroup2fs\n +0)\n)*$/);
    const places =
      "/x /etc/x /usr/bin/x /root/x /proc/x /sys/x /dev/x /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/fs/cgroup/x /sys/fs/cgroup/memory/release_agent /etc/passwd /etc/resolv.conf";
    const { output } = await box.run(
      box.place("outside"),
      `for f in ${places}; do (echo x >> $f) 2>/dev/null && echo "wrote $f"; done; for f in /tmp/x /var/tmp/x ${isPodman() ? "" : "/run/x"} /workspace/x; do echo x > $f || echo "not $f"; done`,
    );
    const inside = inMemory.map((path) => `wrote ${path}/x`);
    expect(output.split("\n").filter((line) => line !== "" && !inside.includes(line))).toEqual([]);
  });

  test("this machine's devices stay as they are, also those that a command was given as its input", async () => {
    const rights = () => {
      const { uid, gid, mode } = statSync("/dev/null");
      return { uid, gid, mode: mode.toString(8) };
    };
    const before = rights();
    // Not a right that anything of this machine would miss, should it work.
    const change = "chmod g-w /proc/[0-9]*/fd/* 2>/dev/null";
    const running = await box.begin(box.place("devices"), `while :; do ${change}; done`);
    await box.run(box.place("devices"), change);
    await box.run(box.place("devices"), change, { isPty: true });
    // The bridge starts again, and looks after what was left behind.
    const next = openTestSandbox({ environment: engine.environment }, { stateDir: box.stateDir });
    await next.start();
    await running.ended;
    await next.leave();
    expect(rights()).toEqual(before);
  });

  test("it mounts nothing, makes no namespace and no device", async () => {
    const said = await ask(
      "mounting",
      [
        "print(call('mount', b'tmpfs', b'/tmp', b'tmpfs', 0, None))",
        "print(call('mount', b'/', b'/tmp', None, 4096, None))",
        "print(call('mount', None, b'/', None, 32 | 4096, None))",
        "print(call('umount2', b'/workspace', 2))",
        "print(call('unshare', 0x10000000))",
        "print(call('unshare', 0x00020000))",
        "print(call('setns', os.open('/proc/1/ns/mnt', 0), 0) if attempt(lambda: os.open('/proc/1/ns/mnt', 0)) == 'done' else 'EPERM')",
        "print(attempt(lambda: os.mknod('/tmp/disk', 0o60666, os.makedev(254, 0))))",
        "print(attempt(lambda: os.mknod('/workspace/mem', 0o20666, os.makedev(1, 1))))",
        "print(attempt(lambda: os.chroot('/tmp')))",
      ].join("\n"),
    );
    // Podman's profile lets a process make a user namespace, and in that a mount namespace: rooms of its own, with no more in them.
    const isRoomAllowed = isPodman() ? "done" : "EPERM";
    expect(said).toEqual(["EPERM", "EPERM", "EPERM", "EPERM", isRoomAllowed, isRoomAllowed, "EPERM", "EPERM", "EPERM", "EPERM"]);
    const { output } = await box.run(box.place("mounting"), "ls /dev");
    expect(output.split("\n").filter((name) => /^(mem|kmem|sd|vd|nvme|loop|kvm|fuse|dri|tun)/.test(name))).toEqual([]);
  });

  test("it reaches no network: no interface, no raw socket, no server of this machine", async () => {
    const web = createServer((_request, answer) => answer.end("reached"));
    await new Promise<void>((done) => web.listen(0, "127.0.0.1", done));
    const local = createSocketServer((line) => line.end("reached"));
    const name = `skerry-test-${process.pid}`;
    await new Promise<void>((done) => local.listen(`\0${name}`, done));
    try {
      const { port } = web.address() as AddressInfo;
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("reached");
      const said = await ask(
        "network",
        [
          "print(','.join(sorted(n for _, n in socket.if_nameindex())))",
          "def tcp(host, port):",
          "    s = socket.socket(); s.settimeout(3); s.connect((host, port))",
          `print(attempt(lambda: tcp('127.0.0.1', ${port})))`,
          `print(attempt(lambda: tcp('172.17.0.1', ${port})))`,
          "print(attempt(lambda: tcp('169.254.169.254', 80)))",
          "print(attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))))",
          "print(attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)))",
          "print(attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)))",
          `print(attempt(lambda: socket.socket(socket.AF_UNIX).connect('\\0${name}')))`,
          "try: socket.getaddrinfo('localhost.example', 80); print('resolved')",
          "except OSError as e: print('unresolved')",
        ].join("\n"),
      );
      expect(said).toEqual([
        ...["lo", "ECONNREFUSED", "ENETUNREACH", "ENETUNREACH", "ENETUNREACH", "EPERM", "EPERM", "ECONNREFUSED", "unresolved"],
      ]);
    } finally {
      web.close();
      local.close();
    }
  });

  test("it cannot get into this machine's network, another container's, or one that is not allowed", async () => {
    const open = openTestSandbox(engine, { config: { networks: ["host", "bridge", "container:x", "inner"] } });
    try {
      for (const network of [
        "host",
        "Host",
        "container:x",
        "container:skerry-1",
        "ns:/proc/1/ns/net",
        "slirp4netns",
        "pasta",
        "private",
        "a/../host",
        "",
      ]) {
        const refused = await refusal(open.run(open.place("net", { network }), "true"));
        expect({ network, code: refused.code }).toEqual({ network, code: "FORBIDDEN" });
      }
      expect(await refusal(box.run(box.place("net", { network: "bridge" }), "true"))).toMatchObject({
        code: "FORBIDDEN",
        message: expect.stringContaining("sandbox.networks"),
      });
      expect(await refusal(open.run(open.place("net", { network: "inner" }), "true"))).toMatchObject({
        code: "NOT_FOUND",
        message: expect.stringContaining("docker network create inner"),
      });
      if (isPodman()) return;
      // The id of a network that is allowed by no name.
      const { Id: id } = (await engine.engine.ask("GET", "/networks/host")).body as { Id: string };
      const byId = openTestSandbox(engine, { config: { networks: [id] } });
      expect(await refusal(byId.run(byId.place("net", { network: id }), "true"))).toMatchObject({ code: "FORBIDDEN" });
      await byId.leave();
    } finally {
      await open.leave();
    }
  });

  test("in a network that is allowed it has an interface of that network", async () => {
    const made = await engine.engine.ask("POST", "/networks/create", { body: { Name: "inner", Internal: true } });
    expect(made.status, made.message).toBe(201);
    const open = openTestSandbox(engine, { config: { networks: ["inner"] } });
    try {
      const { output } = await open.run(
        open.place("net", { network: "inner" }),
        "cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' ' | sort | tr -d ' \\n'",
      );
      expect(output).toBe("eth0lo");
    } finally {
      for (const { name } of (await open.status()).containers) {
        await engine.engine.ask("DELETE", `/containers/${name}`, { query: { force: "true" } });
      }
      await engine.engine.ask("DELETE", "/networks/inner");
      await open.leave();
    }
  });

  test("it does not find the engine's socket", async () => {
    const { output } = await box.run(
      box.place("engine"),
      `find / -xdev -type s 2>/dev/null; ls -d ${engine.socket} /var/run/docker.sock /run/docker.sock /run/podman 2>/dev/null`,
    );
    expect(output).toBe("");
  });

  test("a fork bomb stays in its container; the bridge and other containers answer; it can be ended", async () => {
    const place = box.place("bomb", { pids: 64 });
    const bomb = await box.begin(place, "bomb() { bomb | bomb & }; bomb 2>/dev/null; while :; do sleep 1 2>/dev/null; done");
    await new Promise((done) => setTimeout(done, 1500));
    const startedAt = Date.now();
    expect((await box.run(box.place("neighbour"), "echo fine")).output).toBe("fine\n");
    expect(Date.now() - startedAt).toBeLessThan(15_000);
    // Podman would look by a command in the container, and there is no room for one.
    if (!isPodman()) {
      const { body } = await engine.engine.ask("GET", "/containers/json", {
        query: { filters: JSON.stringify({ label: ["skerry.key=bomb"] }) },
      });
      const [{ Id: id } = { Id: "" }] = body as { Id: string }[];
      const top = await engine.engine.ask("GET", `/containers/${id}/top`);
      expect((top.body as { Processes: unknown[] }).Processes.length).toBeLessThanOrEqual(66);
    }
    await bomb.kill("KILL");
    expect((await bomb.ended).signal).toBe("SIGKILL");
    expect((await box.run(place, "ps -e | wc -l")).output.trim()).toMatch(/^[1-9]$/);
  });

  test("memory that it takes is its own: a neighbour goes on", async () => {
    const neighbour = await box.begin(box.place("neighbour"), "for i in 1 2 3 4 5 6; do echo $i; sleep 0.3; done");
    const ran = await box.run(
      box.place("memory", { memoryMb: 64 }),
      "python3 -c \"x = [b'x' * 1000000 for _ in range(1000)]\"; echo $?",
    );
    expect(ran.output).toContain("137");
    // Swap is no way around it, and neither are files in memory.
    const filled = await box.run(
      box.place("memory", { memoryMb: 64 }),
      "dd if=/dev/zero of=/dev/shm/x bs=1M count=500 2>&1 | tail -1; ls -l /dev/shm/x | cut -d' ' -f5",
    );
    expect(Number(filled.output.trim().split("\n").at(-1))).toBeLessThanOrEqual(16 * MIB);
    expect(await neighbour.ended).toEqual({ exitCode: 0 });
    expect(neighbour.output()).toBe("1\n2\n3\n4\n5\n6\n");
  });

  test("what it fills in memory has an end, and a file has one too", async () => {
    const fill = (path: string) =>
      `dd if=/dev/zero of=${path} bs=1M count=900 2>&1 | grep -o 'No space left'; stat -c %s ${path}; rm -f ${path}`;
    const { output } = await box.run(
      box.place("filling", { memoryMb: 512 }),
      ["/tmp/x", "/var/tmp/x", ...(isPodman() ? [] : ["/run/x"])].map(fill).join("\n"),
    );
    expect(output.trim().split("\n")).toEqual(
      (isPodman() ? [256, 64] : [256, 64, 8]).flatMap((mib) => ["No space left", String(mib * MIB)]),
    );
    const { output: limit } = await box.run(
      box.place("filling", { memoryMb: 512 }),
      "truncate -s 9G /workspace/x; echo $?; ls -l /workspace",
    );
    expect(limit).not.toMatch(/^0$/m);
  });

  test("a program that would run as root gains nothing", async () => {
    const dir = join(box.stateDir, "setuid-image");
    mkdirSync(dir);
    writeFileSync(
      join(dir, "Dockerfile"),
      `FROM ${DEFAULT_IMAGE}\nRUN cp /usr/bin/id /usr/local/bin/rootid && chmod 4755 /usr/local/bin/rootid && cp /usr/bin/python3 /usr/local/bin/rootpy && chmod 4755 /usr/local/bin/rootpy\n`,
    );
    const image = "skerry-test-setuid:1";
    const builder = openTestSandbox(engine, { config: { networks: [], image } });
    const lines: string[] = [];
    await buildImage(engine.engine, { imageDir: dir, image, onLine: (line) => lines.push(line) });
    expect(lines.join("\n")).toMatch(/Step 2\/2/i);
    try {
      const { output } = await builder.run(
        builder.place("setuid"),
        "stat -c '%u %A' /usr/local/bin/rootid; rootid -u; rootpy -c 'import os; print(os.geteuid())'; rootpy -c 'import os; os.setuid(0)' 2>&1 | tail -1; cp /usr/bin/id /workspace/id; chmod 4755 /workspace/id; chown 0 /workspace/id 2>&1 | grep -o 'not permitted'",
      );
      const uid = String(ownUser(engine).uid);
      // It is root there already, and has what any other has: no capability.
      const refusals = isRootlessDocker() ? [] : [expect.stringContaining("PermissionError"), "not permitted"];
      expect(output.trim().split("\n")).toEqual(["0 -rwsr-xr-x", uid, uid, ...refusals]);
    } finally {
      await builder.leave();
    }
  });

  test("two sessions see nothing of each other", async () => {
    const mine = await box.begin(
      box.place("agent:main:alice"),
      "echo alices-secret > /workspace/diary; echo alices-secret > /tmp/diary; SECRET=alices-secret exec sleep 1007",
    );
    await expect
      .poll(async () => (await box.run(box.place("agent:main:alice"), "cat /workspace/diary")).output)
      .toBe("alices-secret\n");
    const word = "alices-secre";
    const { output } = await box.run(
      box.place("agent:main:bob"),
      `ls -A /workspace /tmp; ps -eo args | grep 'sleep 100[7]'; grep -rls "${word}[t]" /workspace /tmp /run /var /etc /dev/shm 2>/dev/null; cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep '^SECRET='`,
    );
    expect(output).toBe("/tmp:\n\n/workspace:\n");
    const names = (await box.status()).containers.filter(({ key }) => /alice|bob/.test(key));
    expect(new Set(names.map(({ name }) => name)).size).toBe(2);
    await mine.kill("KILL");
  });

  test("processes of this machine are out of sight and out of reach, and so are keys of the kernel", async () => {
    const said = await ask(
      "reach",
      [
        `print(attempt(lambda: os.kill(${process.pid}, 0)))`,
        `print(call('ptrace', 16, ${process.pid}, None, None))`,
        `print(attempt(lambda: open('/proc/${process.pid}/environ', 'rb').read()))`,
        "print(call('syscall', 250, 0, -4, 0, 0, 0))",
        "print(call('syscall', 248, b'user', b'x', b'y', 1, -4))",
        "print(call('syscall', 321, 5, None, 0))",
        "print(call('syscall', 304, 0, None, 0))",
        "print(max(int(p) for p in os.listdir('/proc') if p.isdigit()) < 1000)",
      ].join("\n"),
    );
    // kill, ptrace, environ; keyctl, add_key, bpf, open_by_handle_at.
    const keys = isPodman() ? ["done", "ENOSYS"] : ["EPERM", "EPERM"];
    expect(said).toEqual(["ESRCH", "ESRCH", "ENOENT", ...keys, "EPERM", "EPERM", "True"]);
  });

  test("the agent's files can be read but not written where that was said, also not by the bridge on its behalf", async () => {
    writeFileSync(join(box.filesDir, "note"), "kept");
    const place = box.place("readonly", { workspace: "ro" });
    const { output } = await box.run(
      place,
      "cat note; (echo x > note) 2>/dev/null || echo refused; rm -f note 2>/dev/null || echo refused; touch new 2>/dev/null || echo refused",
    );
    expect(output).toBe("keptrefused\nrefused\nrefused\n");
    expect(await refusal(box.host.files.write(place, "note", Buffer.from("x")))).toMatchObject({ code: "FORBIDDEN" });
    expect(readFileSync(join(box.filesDir, "note"), "utf8")).toBe("kept");
  });

  test("a flood of 100 MB is passed on whole, and the bridge keeps none of it", async () => {
    const before = process.memoryUsage().rss;
    let peak = before;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 20);
    const running = await box.begin(box.place("flood"), "head -c 104857600 /dev/zero", { maxBytes: 1000 });
    expect(await running.ended).toEqual({ exitCode: 0 });
    clearInterval(timer);
    expect(running.bytes()).toBe(100 * MIB);
    expect((peak - before) / MIB).toBeLessThan(80);
  });

  test("an image's own volumes and programs change nothing: no disk of the engine is mounted, its user and entry point do not count", async () => {
    const dir = join(box.stateDir, "volume-image");
    mkdirSync(dir);
    const image = "skerry-test-volume:1";
    writeFileSync(
      join(dir, "Dockerfile"),
      `FROM ${DEFAULT_IMAGE}\nUSER root\nVOLUME /data\nENTRYPOINT ["/bin/false"]\nHEALTHCHECK CMD touch /tmp/healthy\n`,
    );
    const other = openTestSandbox(engine, { config: { networks: [], image } });
    await buildImage(engine.engine, { imageDir: dir, image, onLine: () => undefined });
    try {
      const { output } = await other.run(
        other.place("volume"),
        "id -u; grep ' /data ' /proc/self/mounts | cut -d' ' -f3; dd if=/dev/zero of=/data/x bs=1M count=100 2>&1 | grep -o 'No space left'",
      );
      expect(output).toBe(`${ownUser(engine).uid}\ntmpfs\nNo space left\n`);
      const { Volumes: volumes } = (await engine.engine.ask("GET", "/volumes")).body as { Volumes: unknown[] | null };
      expect(volumes ?? []).toEqual([]);
    } finally {
      await other.leave();
    }
  });
});
