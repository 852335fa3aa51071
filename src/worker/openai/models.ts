// The models of this door are the agents: `skerry` for the default one, `skerry/<agent>` for each. Which provider's
// model an agent thinks with is its own affair.
import { ApiRefused } from "../../contract/errors.ts";
import type { DirectoryPort } from "../../contract/ports/directory.ts";

const OWN = "skerry";
/** The API wants a date of birth; agents have none. */
const CREATED = 1_763_769_600;

type Agents = Pick<DirectoryPort, "agents">;

export async function listModels(directory: Agents) {
  const agents = await directory.agents();
  return { object: "list", data: [OWN, ...agents.map(({ id }) => `${OWN}/${id}`)].map(viewModel) };
}

/** @throws ApiRefused when there is none of that name. */
export async function findModel(directory: Agents, id: string) {
  await agentOf(directory, id);
  return viewModel(id);
}

/** The agent that a model's name asks for; undefined: whichever the session has. */
export async function agentOf(directory: Agents, model: string): Promise<string | undefined> {
  if (model === OWN) return undefined;
  const agents = await directory.agents();
  const agent = agents.find(({ id }) => model === `${OWN}/${id}`);
  if (agent) return agent.id;
  const known = [OWN, ...agents.map(({ id }) => `${OWN}/${id}`)].join(", ");
  throw new ApiRefused({
    status: 404,
    code: "model_not_found",
    message: `There is no model "${model}" here. There are: ${known}.`,
    param: "model",
  });
}

function viewModel(id: string) {
  return { id, object: "model", created: CREATED, owned_by: OWN };
}
