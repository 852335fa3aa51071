// Emoji by the names that Slack gives them. The list of names loads with the first reaction.

const VARIATION = "FE0F";
const TONES: Record<string, number> = { "1F3FB": 2, "1F3FC": 3, "1F3FD": 4, "1F3FE": 5, "1F3FF": 6 };

let known: Map<string, string> | undefined;

/** "👍🏽" → "+1::skin-tone-4", ":tada:" → "tada"; undefined: no emoji that Slack knows. */
export async function nameOfEmoji(emoji: string): Promise<string | undefined> {
  const written = /^:?([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):?$/.exec(emoji.trim());
  if (written) return written[1];
  const codes = [...emoji.trim()].map((character) => character.codePointAt(0)?.toString(16).toUpperCase() ?? "");
  const tone = codes.map((code) => TONES[code]).find((found) => found !== undefined);
  const bare = codes.filter((code) => code !== VARIATION && TONES[code] === undefined).join("-");
  known ??= await readNames();
  const name = known.get(bare);
  return name === undefined || tone === undefined ? name : `${name}::skin-tone-${tone}`;
}

async function readNames(): Promise<Map<string, string>> {
  const { default: list } = await import("emojibase-data/en/shortcodes/iamcal.json", { with: { type: "json" } });
  return new Map(
    Object.entries(list as Record<string, string | string[]>).flatMap(([codes, names]): [string, string][] => {
      const name = typeof names === "string" ? names : names[0];
      return name === undefined
        ? []
        : [
            [
              codes
                .split("-")
                .filter((code) => code !== VARIATION)
                .join("-"),
              name,
            ],
          ];
    }),
  );
}
