// DNS over HTTPS: both address families, and closed when the service gives no answer.
import { describe, expect, it } from "vitest";
import { resolveOverHttps } from "../../../../src/durable/tools/web/resolve-host.ts";

function answering(answers: Record<string, unknown>, asked: string[] = []): typeof fetch {
  return async (input) => {
    const url = new URL(String(input));
    asked.push(url.href);
    const answer = answers[url.searchParams.get("type") ?? ""];
    return answer instanceof Response ? answer : Response.json(answer);
  };
}

describe("resolveOverHttps", () => {
  it("joins both families and leaves out what is no address", async () => {
    const asked: string[] = [];
    const resolve = resolveOverHttps(
      answering(
        {
          A: {
            Status: 0,
            Answer: [
              { type: 5, data: "cdn.example.net." },
              { type: 1, data: "192.0.2.1" },
            ],
          },
          AAAA: { Status: 0, Answer: [{ type: 28, data: "2001:db8::1" }] },
        },
        asked,
      ),
      "https://dns.example/query",
    );
    expect(await resolve("bücher.example&type=TXT")).toEqual(["192.0.2.1", "2001:db8::1"]);
    expect(asked).toEqual([
      "https://dns.example/query?name=b%C3%BCcher.example%26type%3DTXT&type=A",
      "https://dns.example/query?name=b%C3%BCcher.example%26type%3DTXT&type=AAAA",
    ]);
  });

  it("answers an empty list for a name that does not exist", async () => {
    expect(await resolveOverHttps(answering({ A: { Status: 3 }, AAAA: { Status: 3 } }))("none.example")).toEqual([]);
  });

  it.each([
    ["a server failure", { Status: 2 }],
    ["an HTTP error", new Response("no", { status: 503 })],
    ["something else", { hello: 1 }],
    ["no JSON", new Response("<html>")],
  ])("throws on %s", async (_name, answer) => {
    await expect(resolveOverHttps(answering({ A: answer, AAAA: { Status: 0 } }))("x.example")).rejects.toThrow();
  });
});
