// Lighthouse's scores of every page, as a person meets it who is logged in: the door, a talk and each room of the control
// side, on a phone and on a desktop. The rooms are those that the page itself leads to.
import { openGauge, type Scores, writeScores } from "../../test/support/lighthouse.ts";
import { type Scenario, withStarted } from "./scenario.ts";

const TALK = "agent:main:travel";
const FORMS = ["mobile", "desktop"] as const;
const ENOUGH = 95;
const TRIES = 3;

export const lighthouse: Scenario = {
  name: "lighthouse",
  figures: [],
  isShared: false,
  run: (scene) =>
    withStarted(scene, async ({ talker, url }) => {
      for (const _turn of [1, 2, 3]) await talker.turn(scene.model, TALK, { say: 60 });
      const link = await talker.loginLink(url);
      if (link === undefined) throw new Error("The gateway gave no login link.");
      const gauge = await openGauge();
      try {
        const measured: Scores[] = [];
        const measure = async (name: string, address: string) => {
          for (const form of scene.isQuick ? (["desktop"] as const) : FORMS) {
            scene.tell(`${name}, ${form}`);
            measured.push(await gauge.measure(name, address, form, scene.isQuick ? 1 : TRIES, ENOUGH));
          }
        };
        await measure("login", `${url}/`);
        const tab = await gauge.context.newPage();
        await tab.goto(link);
        await tab.locator("#message").waitFor();
        await tab.goto(`${url}/#/control/sessions`);
        const rooms = tab.locator('a[href^="#/control/"]');
        await rooms.first().waitFor();
        const hrefs = await rooms.evaluateAll((links) => links.map((one) => one.getAttribute("href") ?? ""));
        await tab.close();
        const places = [...new Set(hrefs.map((href) => /^#\/(control\/[a-z-]+)/.exec(href)?.[1] ?? ""))].filter(
          (place) => place !== "",
        );
        await measure("chat", `${url}/#/chat/${TALK}`);
        for (const place of scene.isQuick ? places.slice(0, 1) : places) await measure(place, `${url}/#/${place}`);
        scene.show({ heading: "Lighthouse", text: writeScores(measured) });
        return [];
      } finally {
        await gauge.close();
      }
    }),
};
