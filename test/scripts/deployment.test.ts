// The order of a deployment, with wrangler, terminal and network as fakes at its ports.
import { describe, expect, it } from "vitest";
import { type DeploymentRequest, deploy, type Wrangled } from "../../scripts/deployment.ts";

type Reply = Wrangled | ((args: string[]) => Wrangled);

const ok = (text = ""): Wrangled => ({ isOk: true, text });
const no = (text = ""): Wrangled => ({ isOk: false, text });

function createRequest(replies: Record<string, Reply>, more: Partial<DeploymentRequest> = {}) {
  const ran: string[] = [];
  const printed: string[] = [];
  const uploaded: Record<string, string>[] = [];
  const defaults: Record<string, Reply> = {
    whoami: ok("You are logged in"),
    "r2 bucket info": ok(),
    "secret list": ok("[]"),
    deploy: ok("Deployed skerry\n  https://skerry.ada.workers.dev\n"),
  };
  const request: DeploymentRequest = {
    isDryRun: false,
    variables: {},
    build: () => Promise.resolve("1.0.0"),
    wrangle: (args) => {
      ran.push(args.join(" "));
      const all = { ...defaults, ...replies };
      const name = Object.keys(all).find((known) => args.join(" ").startsWith(known));
      const reply = name === undefined ? no(`unexpected: ${args.join(" ")}`) : all[name];
      return Promise.resolve(typeof reply === "function" ? reply(args) : (reply ?? no()));
    },
    withSecretsFile: (secrets, use) => {
      uploaded.push(secrets);
      return use("/secrets.json");
    },
    mintLink: (url) => Promise.resolve(`${url}/#code=abc`),
    print: (text) => printed.push(text),
    pause: () => Promise.resolve(),
    ...more,
  };
  return { request, ran, printed: () => printed.join("\n"), uploaded };
}

describe("deploy", () => {
  it("checks everything and touches no account in a dry run", async () => {
    const { request, ran, printed } = createRequest({ deploy: ok("Total Upload: 10 KiB / gzip: 3 KiB") }, { isDryRun: true });
    expect(await deploy(request)).toEqual({ outcome: "checked" });
    expect(ran).toEqual(["deploy --var SKERRY_VERSION:1.0.0 --dry-run --outdir .cache/dry-run"]);
    expect(printed()).toContain("Total Upload: 10 KiB / gzip: 3 KiB. Nothing was uploaded.");
  });

  it("makes an owner's token on the first deployment, and prints it with the login link", async () => {
    const { request, printed, uploaded } = createRequest({});
    expect(await deploy(request)).toEqual({ outcome: "deployed", url: "https://skerry.ada.workers.dev" });
    const token = uploaded[0]?.["SKERRY_TOKEN"] ?? "";
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(printed()).toContain(token);
    expect(printed()).toContain("https://skerry.ada.workers.dev/#code=abc");
  });

  it("asks for keys once: not when the Worker has its secrets already", async () => {
    const asked: string[] = [];
    const ask = (question: string) => {
      asked.push(question);
      return Promise.resolve(question.startsWith("ANTHROPIC") ? "sk-1" : "");
    };
    const first = createRequest({}, { ask });
    await deploy(first.request);
    expect(asked).toEqual(["ANTHROPIC_API_KEY: ", "OPENAI_API_KEY: "]);
    expect(first.uploaded[0]).toMatchObject({ ANTHROPIC_API_KEY: "sk-1" });
    expect(first.uploaded[0]).not.toHaveProperty("OPENAI_API_KEY");

    const second = createRequest({ "secret list": ok('[{"name":"SKERRY_TOKEN","type":"secret_text"}]') }, { ask });
    await deploy(second.request);
    expect(asked).toHaveLength(2);
    expect(second.uploaded).toEqual([{}]);
    expect(second.ran.at(-1)).toBe("deploy --var SKERRY_VERSION:1.0.0");
    expect(second.printed()).toContain("enter the owner's token");
  });

  it("takes given variables along, but no address of this machine, and names what it takes", async () => {
    const variables = {
      SKERRY_TOKEN: "given-token",
      GROQ_API_KEY: "g",
      OLLAMA_BASE_URL: "http://127.0.0.1:11434",
      SKERRY_RUNTIME: "local",
    };
    const { request, uploaded, printed, ran } = createRequest({}, { variables });
    await deploy(request);
    expect(uploaded).toEqual([{ SKERRY_TOKEN: "given-token", GROQ_API_KEY: "g" }]);
    expect(printed()).toContain("Secrets that go with it: GROQ_API_KEY, SKERRY_TOKEN.");
    expect(ran.at(-1)).toContain("--secrets-file /secrets.json");
    expect(printed()).not.toContain("shown this once");
  });

  it("makes the bucket when it is missing, and says what to do when it cannot", async () => {
    const made = createRequest({ "r2 bucket info": no("not found"), "r2 bucket create": ok() });
    expect((await deploy(made.request)).outcome).toBe("deployed");
    expect(made.printed()).toContain("Made the R2 bucket");
    const off = createRequest({ "r2 bucket info": no(), "r2 bucket create": no("Please enable R2 [code: 10042]") });
    const refused = await deploy(off.request);
    expect(refused).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("Switch R2 on in the Cloudflare dashboard"),
    });
    expect(off.ran.some((command) => command.startsWith("deploy"))).toBe(false);
  });

  it("says how to log in when nobody can be asked, and logs in when somebody can", async () => {
    const silent = createRequest({ whoami: ok("You are not authenticated.") });
    expect(await deploy(silent.request)).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("CLOUDFLARE_API_TOKEN"),
    });

    let isLoggedIn = false;
    const spoken = createRequest(
      {
        whoami: () => ok(isLoggedIn ? "logged in" : "You are not authenticated."),
        login: () => {
          isLoggedIn = true;
          return ok();
        },
      },
      { ask: () => Promise.resolve("") },
    );
    expect((await deploy(spoken.request)).outcome).toBe("deployed");
  });

  it("waits for a new address to answer before it gives up on the login link", async () => {
    let tries = 0;
    const mintLink = () => (++tries < 4 ? Promise.reject(new Error("not yet")) : Promise.resolve("https://link"));
    const { request, printed } = createRequest({}, { mintLink });
    await deploy(request);
    expect(printed()).toContain("https://link");
  });

  it("reports a failed upload", async () => {
    expect(await deploy(createRequest({ deploy: no("boom") }).request)).toMatchObject({ outcome: "refused" });
  });
});
