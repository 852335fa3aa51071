// By what a bridge knows its machine again: a mark that lasts, or none.
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type MachineFacts, markOfMachine, openDeviceKey } from "../../../src/bridge/home/device-key.ts";

const dir = mkdtempSync(join(tmpdir(), "skerry-key-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const ID = "0123456789abcdef0123456789abcdef";
const HARDWARE = `+-o J314sAP  <class IOPlatformExpertDevice, id 0x100000204>
    {
      "IOPlatformSerialNumber" = "C02XXXXXXXXX"
      "IOPlatformUUID" = "8A5D8C14-3B1E-5C0E-9A43-0C6A7B9A1F00"
    }`;

function machine(files: Record<string, string>, platform: NodeJS.Platform = "linux", hardware = ""): MachineFacts {
  return { platform, readText: (path) => files[path], readHardware: () => hardware };
}

describe("the mark of a machine", () => {
  it("is its machine id, wherever that lies", () => {
    expect(markOfMachine(machine({ "/etc/machine-id": `${ID}\n` }))).toBe(ID);
    expect(markOfMachine(machine({ "/etc/machine-id": "uninitialized\n", "/var/lib/dbus/machine-id": ID }))).toBe(ID);
  });

  it("is the hardware's on a Mac", () => {
    expect(markOfMachine(machine({}, "darwin", HARDWARE))).toBe("8A5D8C14-3B1E-5C0E-9A43-0C6A7B9A1F00");
    expect(markOfMachine(machine({ "/etc/machine-id": ID }, "darwin"))).toBe("");
  });

  it("is none where nothing lasts, rather than a name that changes", () => {
    expect(markOfMachine(machine({}))).toBe("");
    expect(markOfMachine(machine({ "/etc/machine-id": "" }))).toBe("");
  });
});

it("a copy of the key is another installation on another machine, and the same one where it was", () => {
  const { instanceId, deviceId } = openDeviceKey(dir, "one machine");
  expect(openDeviceKey(dir, "one machine")).toMatchObject({ instanceId, deviceId });
  const copy = join(dir, "copy");
  cpSync(join(dir, "device-key.json"), join(copy, "device-key.json"));
  const copied = openDeviceKey(copy, "another machine");
  expect(copied.deviceId).toBe(deviceId);
  expect(copied.instanceId).not.toBe(instanceId);
});
