// The files that make an agent who it is, read and written from a screen.
import type { FileInfo } from "../../../contract/ports/workspace.ts";
import type { View } from "../live/views.ts";
import { type Handlers, nameSession, notFound, unwrap } from "./method.ts";

type FilesMethod =
  | "agents.files.list"
  | "agents.files.get"
  | "agents.files.set"
  | "agents.files.versions"
  | "agents.files.version";

export const files: Handlers<FilesMethod> = {
  "agents.files.list": async (params, { house }) => {
    const { agentId } = nameSession(undefined, params.agentId);
    const listed = unwrap(await house.workspace(agentId).list("", true));
    return {
      agentId,
      workspace: `workspace of ${agentId}`,
      files: listed.filter((file) => !file.isDirectory).map((file) => viewFile(file)),
    };
  },

  "agents.files.get": async (params, { house }) => {
    const { agentId } = nameSession(undefined, params.agentId);
    const read = await house.workspace(agentId).read(params.name);
    if (!read.ok && read.error.code === "NOT_FOUND")
      return { agentId, file: { name: params.name, path: params.name, missing: true } };
    const { info, bytes } = unwrap(read);
    return { agentId, file: viewFile(info, new TextDecoder().decode(bytes)) };
  },

  "agents.files.set": async (params, { house }) => {
    const { agentId } = nameSession(undefined, params.agentId);
    const bytes = new TextEncoder().encode(params.content);
    const info = unwrap(await house.workspace(agentId).write(params.name, bytes, params.expectedVersion));
    return { ok: true, agentId, file: viewFile(info, params.content) };
  },

  "agents.files.versions": async (params, { house }) => {
    const { agentId } = nameSession(undefined, params.agentId);
    const versions = unwrap(await kept(house.workspace(agentId).versions?.(params.name)));
    return {
      agentId,
      name: params.name,
      versions: versions.map(({ version, size, updatedAt }) => ({ version, size, updatedAtMs: updatedAt })),
    };
  },

  "agents.files.version": async (params, { house }) => {
    const { agentId } = nameSession(undefined, params.agentId);
    const bytes = unwrap(await kept(house.workspace(agentId).readVersion?.(params.name, params.version)));
    return { agentId, name: params.name, version: params.version, content: new TextDecoder().decode(bytes) };
  },
};

/** @throws GatewayError when the workspace keeps no earlier versions. */
function kept<T>(answer: T | undefined): T {
  if (answer === undefined) throw notFound("This workspace keeps no earlier versions.");
  return answer;
}

function viewFile(info: FileInfo, content?: string): View {
  return {
    name: info.path,
    path: info.path,
    missing: false,
    size: info.size,
    updatedAtMs: info.updatedAt,
    version: info.version,
    isReadOnly: info.isReadOnly === true,
    ...(content === undefined ? {} : { content }),
  };
}
