// Which addresses the agent's tools may reach: every known way to write a private one, and generated ones.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AddressRules, checkAddress, isPublicAddress } from "../../src/browser/address-guard.ts";
import { AddressRefused } from "../../src/contract/errors.ts";

const NO_RULES: AddressRules = { allowedHosts: [] };

const HOSTILE = [
  // this machine
  "http://127.0.0.1/",
  "http://127.0.0.1:8080/",
  "http://127.1/",
  "http://127.0.1/",
  "http://127.255.255.254/",
  "http://2130706433/",
  "http://0x7f000001/",
  "http://0x7f.0.0.1/",
  "http://0x7F.0x00.0x00.0x01/",
  "http://017700000001/",
  "http://0177.0.0.1/",
  "http://0177.0.0x1/",
  "http://127.0.0.1./",
  "http://127。0。0。1/",
  "http://１２７.０.０.１/",
  "http://①②⑦.⓪.⓪.①/",
  "http://%31%32%37.0.0.1/",
  "http://0/",
  "http://0.0.0.0/",
  "http://[::1]/",
  "http://[::]/",
  "http://[0:0:0:0:0:0:0:1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[::ffff:7f00:1]/",
  "http://[0:0:0:0:0:ffff:127.0.0.1]/",
  "http://[::127.0.0.1]/",
  "http://[::ffff:0:127.0.0.1]/",
  "http://localhost/",
  "http://LOCALHOST/",
  "http://localhost./",
  "http://localhost../",
  "http://ⓛocalhost/",
  "http://foo.localhost/",
  "http://foo.localhost./",
  "http://localhost.localdomain/",
  "https://localhost:18789/ws",
  // private networks
  "http://10.0.0.1/",
  "http://10.255.255.255/",
  "http://172.16.0.1/",
  "http://172.31.255.255/",
  "http://192.168.0.1/",
  "http://192.168.1/",
  "http://3232235777/",
  "http://0xc0a80101/",
  "http://0300.0250.0.1/",
  "http://100.64.0.1/",
  "http://100.127.255.254/",
  "http://[fc00::1]/",
  "http://[fd12:3456:789a::1]/",
  "http://[fec0::1]/",
  "http://[::ffff:192.168.1.1]/",
  "http://[64:ff9b::10.0.0.1]/",
  "http://[64:ff9b:1::a00:1]/",
  "http://[2002:7f00:1::]/",
  "http://[2002:c0a8:101::1]/",
  "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
  // link-local and metadata
  "http://169.254.169.254/latest/meta-data/",
  "http://169.254.0.1/",
  "http://2852039166/",
  "http://0xa9fea9fe/",
  "http://0xA9.0xFE.0xA9.0xFE/",
  "http://[fe80::1]/",
  "http://[::ffff:a9fe:a9fe]/",
  "http://[fd00:ec2::254]/latest/",
  "http://metadata.google.internal/computeMetadata/v1/",
  "http://metadata.google.internal./",
  "http://METADATA.GOOGLE.INTERNAL/",
  "http://instance-data.ec2.internal/",
  "http://metadata/",
  "http://100.100.100.200/latest/",
  "http://192.0.0.192/opc/v2/",
  // neither private nor public
  "http://224.0.0.1/",
  "http://239.255.255.250:1900/",
  "http://240.0.0.1/",
  "http://255.255.255.255/",
  "http://192.0.2.1/",
  "http://198.51.100.7/",
  "http://203.0.113.9/",
  "http://198.18.0.1/",
  "http://192.88.99.1/",
  "http://[ff02::1]/",
  "http://[2001:db8::1]/",
  "http://[3fff::1]/",
  "http://[100::1]/",
  // names that are never public, or spell out an address
  "http://router/",
  "http://kubernetes/",
  "http://printer.local/",
  "http://nas.lan/",
  "http://wiki.corp/",
  "http://gateway.home.arpa/",
  "http://1.0.0.127.in-addr.arpa/",
  "http://hidden.onion/",
  "http://127.0.0.1.nip.io/",
  "http://app.10.0.0.1.sslip.io/",
  "http://localtest.me/",
  "http://x.lvh.me/",
  // not the web, or with credentials
  "file:///etc/passwd",
  "ftp://example.com/",
  "gopher://example.com:70/_x",
  "data:text/html,hi",
  "javascript:alert(1)",
  "blob:https://example.com/1",
  "ws://example.com/",
  "http://user@example.com/",
  "http://user:pass@example.com/",
  "http://example.com@127.0.0.1/",
  "http://127.0.0.1#@example.com/",
  "http://127.0.0.1\\@example.com/",
  "http:127.0.0.1/",
  "http:///127.0.0.1/",
  "\thttp://127.0.0.1/",
  "http://127.0.0.1%2f@example.com/",
  "//127.0.0.1/",
  "example.com",
  "",
  "http://",
  "http://[::1",
  "http://[fe80::1%25eth0]/",
];

describe("refused", () => {
  it.each(HOSTILE)("%j", async (url) => {
    await expect(checkAddress(url, NO_RULES)).rejects.toThrow(AddressRefused);
  });

  it("has at least sixty forms in the table, each once", () => {
    expect(HOSTILE.length).toBeGreaterThanOrEqual(60);
    expect(new Set(HOSTILE).size).toBe(HOSTILE.length);
  });

  it("says why and what is possible, without the credentials", async () => {
    const refused = checkAddress("http://me:secret@10.0.0.1/x", NO_RULES);
    await expect(refused).rejects.toThrow("carries a user name or password. Only public web addresses can be fetched.");
    await expect(refused).rejects.not.toThrow(/secret/);
  });
});

describe("accepted", () => {
  it.each([
    "https://example.com/",
    "http://example.com:8080/a?b#c",
    "https://EXAMPLE.com./",
    "https://1.1.1.1/",
    "http://8.8.8.8/",
    "http://172.15.0.1/",
    "http://172.32.0.1/",
    "http://100.63.255.255/",
    "http://[2606:4700:4700::1111]/",
    "https://internal.example.com/",
    "https://localhost.example.com/",
    "https://bücher.example.net/",
  ])("%s", async (url) => {
    await expect(checkAddress(url, NO_RULES)).resolves.toBeInstanceOf(URL);
  });
});

describe("generated", () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const privateIpv4 = fc.oneof(
    fc.tuple(fc.constant(10), octet, octet, octet),
    fc.tuple(fc.constant(127), octet, octet, octet),
    fc.tuple(fc.constant(0), octet, octet, octet),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet),
    fc.tuple(fc.constant(192), fc.constant(168), octet, octet),
    fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
    fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), octet, octet),
    fc.tuple(fc.integer({ min: 224, max: 255 }), octet, octet, octet),
  );
  type Ipv4 = [number, number, number, number];
  const toNumber = ([a, b, c, d]: Ipv4) => ((a * 256 + b) * 256 + c) * 256 + d;
  const hex = (value: number) => value.toString(16).padStart(2, "0");
  const pair = ([a, b, c, d]: Ipv4) => `${hex(a)}${hex(b)}:${hex(c)}${hex(d)}`;
  const spellings: ((address: Ipv4) => string)[] = [
    (address) => address.join("."),
    (address) => `${address.join(".")}.`,
    (address) => String(toNumber(address)),
    (address) => `0x${toNumber(address).toString(16)}`,
    (address) => `0${toNumber(address).toString(8)}`,
    (address) => address.map((part) => `0${part.toString(8)}`).join("."),
    (address) => address.map((part) => `0X${part.toString(16)}`).join("."),
    ([a, b, c, d]) => `${a}.${(b * 256 + c) * 256 + d}`,
    ([a, b, c, d]) => `${a}.0${b.toString(8)}.0x${(c * 256 + d).toString(16)}`,
    (address) => Array.from(address.join("."), (one) => `%${hex(one.charCodeAt(0))}`).join(""),
    (address) =>
      Array.from(address.join("."), (one) => (one === "." ? "。" : String.fromCodePoint(0xff10 + Number(one)))).join(""),
    (address) => `[::ffff:${address.join(".")}]`,
    (address) => `[::ffff:${pair(address)}]`,
    (address) => `[::${pair(address)}]`,
    (address) => `[::ffff:0:${pair(address)}]`,
    (address) => `[64:ff9b::${pair(address)}]`,
    (address) => `[64:ff9b:1::${pair(address)}]`,
    (address) => `[2002:${pair(address)}::1]`,
    (address) => `[2001:0:${pair(address)}::1]`,
  ];

  it("refuses every private IPv4 address in every spelling", async () => {
    const property = fc.asyncProperty(privateIpv4, fc.constantFrom(...spellings), async (address, spell) => {
      await expect(checkAddress(`http://${spell(address)}/`, NO_RULES)).rejects.toThrow(AddressRefused);
    });
    await fc.assert(property, { numRuns: 1500 });
  });

  it("refuses every IPv6 address outside of 2000::/3", async () => {
    const part = fc.integer({ min: 0, max: 0xffff });
    const first = fc.oneof(fc.integer({ min: 0, max: 0x1fff }), fc.integer({ min: 0x4000, max: 0xffff }));
    const property = fc.asyncProperty(first, fc.array(part, { minLength: 7, maxLength: 7 }), async (head, rest) => {
      const address = [head, ...rest].map((one) => one.toString(16)).join(":");
      await expect(checkAddress(`https://[${address}]/`, NO_RULES)).rejects.toThrow(AddressRefused);
    });
    await fc.assert(property, { numRuns: 500 });
  });

  it("never throws anything but AddressRefused, whatever is written", async () => {
    const text = fc.oneof(
      fc.string(),
      fc.webUrl(),
      fc.string().map((host) => `http://${host}/`),
    );
    const property = fc.asyncProperty(text, async (written) => {
      const outcome = await checkAddress(written, NO_RULES).then(
        () => "passed",
        (error) => error,
      );
      expect(outcome === "passed" || outcome instanceof AddressRefused).toBe(true);
    });
    await fc.assert(property, { numRuns: 1000 });
  });
});

describe("names", () => {
  const resolving = (...addresses: string[]): AddressRules => ({ allowedHosts: [], resolveHost: async () => addresses });

  it.each([
    ["127.0.0.1"],
    ["10.1.2.3"],
    ["169.254.169.254"],
    ["::1"],
    ["fd00::1"],
    ["::ffff:10.0.0.1"],
    ["93.184.216.34", "192.168.0.1"],
  ])("refuses a name that leads to %s", async (...addresses) => {
    await expect(checkAddress("https://rebind.example.com/", resolving(...addresses))).rejects.toThrow("not public");
  });

  it("accepts a name when every address is public", async () => {
    const rules = resolving("93.184.216.34", "2606:2800:220:1::1");
    await expect(checkAddress("https://example.com/", rules)).resolves.toHaveProperty("hostname", "example.com");
  });

  it("refuses a name that does not exist, or whose answer is no address", async () => {
    await expect(checkAddress("https://example.com/", resolving())).rejects.toThrow("does not exist");
    await expect(checkAddress("https://example.com/", resolving("cname.example.net"))).rejects.toThrow("not public");
  });

  it("closes when the DNS service does not answer", async () => {
    const rules = { allowedHosts: [], resolveHost: () => Promise.reject(new Error("down")) };
    await expect(checkAddress("https://example.com/", rules)).rejects.toThrow("could not be resolved");
  });

  it("asks for the name without its trailing dot, and not for literal addresses", async () => {
    const asked: string[] = [];
    const rules = {
      allowedHosts: [],
      resolveHost: async (name: string) => {
        asked.push(name);
        return ["1.1.1.1"];
      },
    };
    await checkAddress("https://Example.com./", rules);
    await checkAddress("https://1.1.1.1/", rules);
    expect(asked).toEqual(["example.com"]);
  });
});

describe("allowed hosts", () => {
  const rules: AddressRules = { allowedHosts: ["127.0.0.1:8080", "nas.local", "[::1]:9000"] };

  it.each(["http://127.0.0.1:8080/x", "http://0x7f.1:8080/", "http://nas.local/", "https://NAS.local./", "http://[::1]:9000/"])(
    "lets %s through",
    async (url) => {
      await expect(checkAddress(url, rules)).resolves.toBeInstanceOf(URL);
    },
  );

  it.each([
    "http://127.0.0.1/",
    "http://127.0.0.1:8081/",
    "http://nas.local:8080/",
    "http://x.nas.local/",
    "http://u:p@nas.local/",
    "ftp://nas.local/",
  ])("still refuses %s", async (url) => {
    await expect(checkAddress(url, rules)).rejects.toThrow(AddressRefused);
  });
});

it("counts an address as public only when it is one", () => {
  expect(["1.1.1.1", "2606:4700::1111"].every(isPublicAddress)).toBe(true);
  expect(["", "example.com", "1.1.1.1/32", "::ffff:1.1.1.1", "0.0.0.0"].some(isPublicAddress)).toBe(false);
});
