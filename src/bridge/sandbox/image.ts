// The image of the sandbox: whether it is there, and how it is built, with its lines as they come. Nothing is fetched unless
// the owner builds: a name in the settings alone never brings a foreign image onto this machine.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HomeRefused } from "../../contract/errors.ts";
import { type Engine, refuse } from "./engine.ts";

export const DEFAULT_IMAGE = "skerry-sandbox:trixie";

export interface ImageFacts {
  id: string;
  volumes: string[];
}

/** @throws HomeRefused NO_IMAGE, with what to do. */
export async function requireImage(engine: Engine, image: string, defaultImage: string): Promise<ImageFacts> {
  const facts = await findImage(engine, image);
  if (facts) return facts;
  throw new HomeRefused("NO_IMAGE", explainMissing(engine, image, defaultImage));
}

export function explainMissing(engine: Engine, image: string, defaultImage: string): string {
  const tool = engine.facts.name === "Podman" ? "podman" : "docker";
  return image === defaultImage && image === DEFAULT_IMAGE
    ? `The sandbox's image ${image} is not on this machine yet. Build it once with: skerry bridge sandbox build`
    : `The image ${image} is not on this machine. Fetch it with: ${tool} pull ${image}`;
}

export async function findImage(engine: Engine, image: string): Promise<ImageFacts | undefined> {
  if (!/^[\w][\w./:@-]*$/.test(image) || image.includes("..")) {
    throw new HomeRefused("INVALID_REQUEST", `"${image}" is no name of an image.`);
  }
  const reply = await engine.ask("GET", `/images/${image}/json`);
  if (reply.status === 404) return undefined;
  if (reply.status !== 200) throw refuse(reply, `tell about the image ${image}`);
  const { Id: id, Config: config } = reply.body as { Id: string; Config?: { Volumes?: Record<string, unknown> | null } };
  return { id, volumes: Object.keys(config?.Volumes ?? {}) };
}

export interface BuildRequest {
  /** Folder with the Dockerfile. */
  imageDir: string;
  image: string;
  onLine(line: string): void;
  signal?: AbortSignal | undefined;
}

/** @throws HomeRefused with the reason; what was there before stays. */
export async function buildImage(engine: Engine, { imageDir, image, onLine, signal }: BuildRequest): Promise<void> {
  // Loaded when an image is built: nothing else needs it.
  const { packTar } = await import("modern-tar");
  const text = await readFile(join(imageDir, "Dockerfile"));
  const bytes = await packTar([{ header: { name: "Dockerfile", size: text.length, type: "file" }, body: text }]);
  const query = { t: image, dockerfile: "Dockerfile", rm: "true", forcerm: "true" };
  const said: string[] = [];
  for await (const event of engine.follow("POST", "/build", { query, bytes, type: "application/x-tar", signal })) {
    const fault = event["error"];
    if (typeof fault === "string") throw explainBuild(fault, said.join("\n"));
    for (const line of linesOf(event)) {
      onLine(line);
      said.push(line);
      if (said.length > 200) said.shift();
    }
  }
  if (!(await findImage(engine, image))) {
    throw new HomeRefused("UNAVAILABLE", `The engine ended the building of ${image} without an image; see its own log.`);
  }
}

function linesOf(event: Record<string, unknown>): string[] {
  const { stream, status, id } = event;
  // Bars of progress would be thousands of lines.
  if (typeof status === "string") return "progress" in event ? [] : [id === undefined ? status : `${id}: ${status}`];
  return typeof stream === "string" ? stream.split("\n").filter((line) => line.trim() !== "") : [];
}

function explainBuild(fault: string, said: string): HomeRefused {
  const all = `${said}\n${fault}`;
  if (/no space left|disk quota exceeded/i.test(all)) {
    return new HomeRefused("DISK_FULL", `The disk of this machine is full, so the image was not built: ${fault}`);
  }
  const isOffline =
    /temporary failure (in name resolution|resolving)|could not resolve|no such host|network is unreachable|i\/o timeout|server misbehaving|dial tcp|unable to connect|failed to fetch|connection refused/i;
  if (isOffline.test(all)) {
    return new HomeRefused(
      "UNAVAILABLE",
      `The image was not built: there is no way to the network from the engine, and its base and packages come from there. Try again when there is one. (${fault.trim()})`,
    );
  }
  return new HomeRefused("UNAVAILABLE", `The image was not built: ${fault.trim()}`);
}
