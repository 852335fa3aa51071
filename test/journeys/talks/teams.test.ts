// Microsoft Teams from end to end: activities with a token that a real issuer signed, its configuration and keys published
// on this machine, a started Skerry, and a strict server in the connector's place, since nobody offers one.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import activities from "../../fixtures/channels/teams/activities.json" with { type: "json" };
import { type Correspondent, findPicture, testCorrespondence } from "../../support/channels/correspondence.ts";
import type { Passed } from "../../support/channels/gate.ts";
import { type House, openHouse, PATIENCE, quiet, shows } from "../../support/channels/house.ts";
import { APP, startTeams, TENANT, type TeamsServer } from "../../support/channels/teams-server.ts";
import { startIssuer, type TokenIssuer } from "../../support/channels/token-issuer.ts";
import { makePng } from "../../support/pictures.ts";

const PERSONAL = activities.personal.conversation.id;
const GROUP = activities["group-mention"].conversation.id;
const PICTURE = makePng(8, [0, 200, 200]);

let issuer: TokenIssuer;
let teams: TeamsServer;
let house: House;
let latest: object = {};
let count = 0;

beforeAll(async () => {
  [issuer, teams] = await Promise.all([startIssuer(), startTeams()]);
  house = await openHouse({ ...teams.env, TEAMS_OPENID_URL: `${issuer.url}/.well-known/openid-configuration` });
});
afterAll(async () => {
  await house?.close();
  await teams?.gate.stop();
  await issuer?.close();
});
afterEach(() => {
  house.forget();
  teams.gate.passed.length = 0;
});

/** As the Bot Connector posts it; signed as it signs. */
async function deliver(activity: object, claims: Record<string, unknown> = {}): Promise<number> {
  latest = activity;
  const token = await issuer.sign({ iss: "https://api.botframework.com", aud: APP, serviceurl: teams.service, ...claims });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${house.skerry.url}/channels/teams`, { method: "POST", headers, body: JSON.stringify(activity) });
  return answer.status;
}

/** A recorded activity with changes, as one of its own. */
function anew(activity: object, change: object): object {
  count += 1;
  return {
    ...activity,
    serviceUrl: teams.service,
    id: String(Date.now() * 10 + count),
    timestamp: new Date().toISOString(),
    ...change,
  };
}

const writes = (text: string) => deliver(anew(activities.personal, { text, attachments: [] }));
const told = (conversation = PERSONAL) => teams.shown(conversation).map(({ text }) => readable(text));
/** What a person reads. */
const readable = (html: string) =>
  html
    .replace(/<\/p>\s*<p>/g, "\n")
    .replace(/<[^>]+>/g, "")
    .replaceAll("&nbsp;", " ");
/** A message; the same address takes the sign that one is being written. */
const sends = ({ method, path, body }: Passed) =>
  method === "POST" && path.startsWith("/emea/v3/conversations/") && !body.includes('"type":"typing"');

test("whoever is not the Bot Connector, or of another tenant, is refused", async () => {
  const activity = anew(activities.personal, { text: "Let me in" });
  expect(await deliver(activity, { aud: "another bot" })).toBe(401);
  expect(await deliver(activity, { serviceurl: "https://smba.trafficmanager.net/other/" })).toBe(401);
  const foreign = { ...activity, channelData: { tenant: { id: TENANT.replace("1", "2") } }, conversation: { id: PERSONAL } };
  expect(await deliver(foreign)).toBe(401);
  await quiet(300);
  expect(told()).toEqual([]);
});

testCorrespondence(
  "teams",
  "Microsoft Teams",
  (): Correspondent => ({ house, api: teams.gate, sends, writes, again: () => deliver(latest), told: () => told() }),
);

test("the answer grows as a stream, in one message", async () => {
  house.teach("long story", { say: `**Once** upon a tide, ${"the water rose and fell, ".repeat(16)}and that was it.`, rate: 16 });
  const before = told();
  await writes("Tell me a long story");
  await vi.waitFor(() => expect(told().at(-1)).toMatch(/^Once upon .*and that was it\.$/), PATIENCE);
  expect(told()).toHaveLength(before.length + 1);
  expect(teams.shown(PERSONAL).at(-1)?.changes).toBeGreaterThan(1);
  expect(teams.shown(PERSONAL).at(-1)?.text).toContain("<strong>Once</strong>");
});

describe("files", () => {
  test("a picture reaches the model whole", async () => {
    const contentUrl = teams.addFile("v3/attachments/1/views/original", PICTURE);
    house.teach("What is this", { say: "A blue square." });
    const attachments = [{ contentType: "image/*", contentUrl, name: "square.png" }];
    await deliver(anew(activities.picture, { text: "What is this?", attachments }));
    await shows(() => told().slice(-1), "A blue square.");
    expect(house.lastRequest()).toContain(PICTURE.toString("base64"));
  });

  test("and goes back whole", async () => {
    const path = await findPicture({ house, writes, told: () => told() });
    house.teach("it back", { tool: "message", args: { action: "send", files: [path] }, say: "Sent." });
    await writes("Give it back");
    await shows(() => told().slice(-1), "Sent.");
    const [attachment] = teams.shown(PERSONAL).at(-2)?.attachments ?? [];
    expect(attachment?.contentUrl).toBe(`data:image/png;base64,${PICTURE.toString("base64")}`);
  });
});

describe("in a group", () => {
  const mention = (text: string) =>
    deliver(anew(activities["group-mention"], { text: `<at>Skerry</at> ${text}`, attachments: [] }));

  test("that the settings do not name, nobody is heard", async () => {
    await mention("are you there?");
    await quiet(500);
    expect(house.requests).toEqual([]);
    expect(told(GROUP)).toEqual([]);
  });

  test("that they name, a mention is answered, and what was said beside it comes along", async () => {
    await house.run("config", "set", "channels.teams.groups", JSON.stringify({ [GROUP]: {} }));
    const aside = {
      text: "The regatta begins at ten.",
      attachments: [],
      entities: [],
      conversation: activities["group-mention"].conversation,
    };
    await deliver(anew(activities["group-unmentioned"], aside));
    await quiet(300);
    expect(house.requests).toEqual([]);
    house.teach("does it begin", { say: "At ten." });
    await mention("when does it begin?");
    await shows(() => told(GROUP), "At ten.");
    expect(house.lastRequest()).toContain("The regatta begins at ten.");
    expect(house.lastRequest()).not.toContain("blue square");
  });
});
