// Whether a mail is from whom it says: every way to pretend to be somebody is refused with its reason.
import { describe, expect, it } from "vitest";
import { email } from "../../../../src/worker/channels/email/email.ts";
import { makeMailPost } from "../../../../src/worker/channels/email/mail.ts";
import { ANN, composed, emailLine, found, type MailWishes, NOW, OWN, recorded } from "./mails.ts";

const RECEIVED = "from mx.people.example by cloudflare-email.net (cloudflare) id X; Sun, 22 Nov 2026 10:40:00 +0000";
const GOOD = "mx.cloudflare.net; dmarc=pass header.from=people.example";

async function proved(post: Awaited<ReturnType<typeof composed>>) {
  return email.prove(post, emailLine());
}

describe("a mail proves its sender", () => {
  it.each(["gmail", "gmail-reply", "attachments"])("when the receiving server found DMARC to hold (%s)", async (name) => {
    expect(await proved(recorded(name))).toEqual({ ok: true });
  });

  it("with a name before the address that is another address", async () => {
    const post = await composed({ from: `"boss@company.example" <${ANN}>` });
    expect(await proved(post)).toEqual({ ok: true });
    const { inbound } = await email.translate(post, emailLine());
    expect(inbound[0]?.message.sender.id).toBe(ANN);
  });

  it("by a DKIM signature of the domain or the one above it, where the domain has no DMARC", async () => {
    expect(await proved(await found("mx.cloudflare.net; dkim=pass header.d=people.example; dmarc=none"))).toEqual({ ok: true });
    const above = { from: "ann@mail.people.example", envelopeFrom: "ann@mail.people.example" };
    expect(await proved(await found("mx.cloudflare.net; dkim=pass header.d=people.example", above))).toEqual({ ok: true });
  });

  it("by SPF of the address that handed it over, where the domain has no DMARC", async () => {
    expect(await proved(await found(`mx.cloudflare.net; dmarc=none; spf=pass smtp.mailfrom=${ANN}`))).toEqual({ ok: true });
  });

  it("at an address of ours with a tag", async () => {
    expect(await proved(await composed({ recipient: "skerry+notes@home.example" }))).toEqual({ ok: true });
  });
});

describe("a mail proves nothing", () => {
  const hostile: [string, MailWishes, RegExp][] = [
    ["without results", { trace: [["Received", RECEIVED]] }, /no results/],
    [
      "with results of another server",
      { trace: [["Authentication-Results", GOOD.replace("mx.cloudflare.net", "mx.evil.example")]] },
      /no results/,
    ],
    [
      "with results that came along below the receiving server's own",
      {
        trace: [
          ["Received", RECEIVED],
          ["Authentication-Results", "mx.cloudflare.net; dmarc=fail header.from=people.example"],
          ["Authentication-Results", GOOD],
        ],
      },
      /DMARC says fail/,
    ],
    [
      "with results below the second server's line",
      {
        trace: [
          ["Received", RECEIVED],
          ["Received", "from evil.example by mx.people.example; Sun, 22 Nov 2026 10:39:00 +0000"],
          ["Authentication-Results", GOOD],
        ],
      },
      /no results/,
    ],
    [
      "when DMARC failed though a signature passed",
      {
        trace: [
          [
            "Authentication-Results",
            "mx.cloudflare.net; dkim=pass header.d=people.example; dmarc=fail header.from=people.example",
          ],
        ],
      },
      /DMARC says fail/,
    ],
    [
      "when DMARC passed for another domain",
      { trace: [["Authentication-Results", "mx.cloudflare.net; dmarc=pass header.from=evil.example"]] },
      /another domain/,
    ],
    [
      "when another domain signed it",
      { trace: [["Authentication-Results", "mx.cloudflare.net; dkim=pass header.d=evil.example; dmarc=none"]] },
      /neither/,
    ],
    [
      "when a domain below it signed it",
      { trace: [["Authentication-Results", "mx.cloudflare.net; dkim=pass header.d=x.people.example; dmarc=none"]] },
      /neither/,
    ],
    [
      "when a whole ending signed it",
      { trace: [["Authentication-Results", "mx.cloudflare.net; dkim=pass header.d=example; dmarc=none"]] },
      /neither/,
    ],
    [
      "when its signature failed",
      { trace: [["Authentication-Results", "mx.cloudflare.net; dkim=fail header.d=people.example; dmarc=none"]] },
      /neither/,
    ],
    [
      "when SPF passed for whoever handed it over only",
      {
        envelopeFrom: "x@evil.example",
        trace: [["Authentication-Results", "mx.cloudflare.net; dmarc=none; spf=pass smtp.mailfrom=x@evil.example"]],
      },
      /neither/,
    ],
    [
      "when SPF passed for the name of the machine only",
      { trace: [["Authentication-Results", "mx.cloudflare.net; dmarc=none; spf=pass smtp.helo=people.example"]] },
      /neither/,
    ],
    [
      "when SPF failed",
      { trace: [["Authentication-Results", `mx.cloudflare.net; dmarc=none; spf=softfail smtp.mailfrom=${ANN}`]] },
      /neither/,
    ],
    [
      "with a DMARC result smuggled in by the machine's name",
      {
        trace: [
          [
            "Authentication-Results",
            "mx.cloudflare.net; dmarc=fail header.from=people.example; spf=none smtp.helo=a;dmarc=pass header.from=people.example",
          ],
        ],
      },
      /two DMARC/,
    ],
    [
      "with a DMARC result smuggled into a comment",
      {
        trace: [
          [
            "Authentication-Results",
            "mx.cloudflare.net; dmarc=none; spf=none (domain of x; dmarc=pass header.from=people.example ) smtp.helo=a",
          ],
        ],
      },
      /neither/,
    ],
    [
      "with a signature smuggled in behind SPF",
      {
        trace: [
          ["Authentication-Results", "mx.cloudflare.net; dmarc=none; spf=none smtp.helo=a; dkim=pass header.d=people.example"],
        ],
      },
      /neither/,
    ],
    [
      "with a property given twice",
      {
        trace: [
          ["Authentication-Results", "mx.cloudflare.net; dkim=pass header.d=evil.example header.d=people.example; dmarc=none"],
        ],
      },
      /neither/,
    ],
    [
      "with an envelope that is no plain address",
      { envelopeFrom: '"x; dmarc=pass header.from=people.example"@evil.example' },
      /envelope/,
    ],
    ["with two From addresses", { from: `${ANN}, eve@evil.example` }, /single plain address/],
    ["with two From lines", { from: `Eve <eve@evil.example>\r\nFrom: ${ANN}` }, /single plain address/],
    ["with two addresses in one", { from: `<${ANN}> <eve@people.example>` }, /single plain address/],
    ["with an address hidden in a coded word", { from: `=?utf-8?q?<${ANN}>?= eve@people.example` }, /single plain address/],
    ["with a group as From", { from: `people: ${ANN};` }, /single plain address/],
    ["as a bounce", { envelopeFrom: "" }, /bounce/],
    ["at another address", { recipient: "other@home.example" }, /another address/],
    ["that was for somebody else", { to: "bob@people.example" }, /neither To nor Cc/],
    ["that is eight days old", { date: new Date(NOW - 8 * 86_400_000) }, /seven days/],
    ["from the day after tomorrow", { date: new Date(NOW + 2 * 86_400_000) }, /future/],
  ];

  it.each(hostile)("%s", async (_name, wishes, reason) => {
    const post = await composed(wishes);
    const proof = await email.prove(post, emailLine());
    expect(proof).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  it("without a date", async () => {
    const text = new TextDecoder().decode((await composed()).body).replace(/^Date:.*\r\n/m, "");
    expect(await proved(makeMailPost(ANN, OWN, new TextEncoder().encode(text)))).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/no date/),
    });
  });

  it("by HTTP, whatever its body says", async () => {
    const { body } = await composed();
    const url = new URL("https://skerry.example/channels/email");
    for (const method of ["POST", "GET", "MAIL"]) {
      const proof = await email.prove({ method, url, headers: new Headers(), body, text: "" }, emailLine());
      expect(proof).toMatchObject({ ok: false });
    }
  });

  it("as noise, and nothing throws", async () => {
    const noises = [
      "",
      "\0\0\0",
      "From",
      ": :",
      `From: ${"(".repeat(5000)}`,
      `Authentication-Results: ${'"'.repeat(9999)}\r\nFrom: ${ANN}`,
    ];
    for (const noise of noises) {
      expect(await proved(makeMailPost(ANN, OWN, new TextEncoder().encode(noise)))).toMatchObject({ ok: false });
    }
  });

  it("with lines made to be slow, and in a moment", async () => {
    const startedAt = performance.now();
    const slow = [
      "+".repeat(500_000),
      `"${'\\\\"'.repeat(200_000)}`,
      "(".repeat(500_000),
      "a-".repeat(250_000),
      "<a".repeat(250_000),
    ];
    for (const text of slow) {
      expect(await proved(await composed({ from: text }))).toMatchObject({ ok: false });
      const raw = `Authentication-Results: mx.cloudflare.net; ${text}\r\nFrom: ${ANN}\r\nTo: ${text}, ${OWN}\r\nDate: ${new Date(NOW).toUTCString()}\r\n\r\nx`;
      expect(await proved(makeMailPost(ANN, OWN, new TextEncoder().encode(raw)))).toMatchObject({ ok: false });
    }
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  }, 60_000);

  it("with parts nested beyond measure", async () => {
    const open = Array.from(
      { length: 2000 },
      (_, depth) => `--b${depth}\r\nContent-Type: multipart/mixed; boundary=b${depth + 1}\r\n\r\n`,
    ).join("");
    const text = `Received: ${RECEIVED}\r\nAuthentication-Results: ${GOOD}\r\nFrom: ${ANN}\r\nTo: ${OWN}\r\nDate: ${new Date(NOW).toUTCString()}\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n${open}`;
    expect(await proved(makeMailPost(ANN, OWN, new TextEncoder().encode(text)))).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/no mail/),
    });
  });
});
