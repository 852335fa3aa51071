// What was spent today, asked for at the start and again a moment after each turn.
import type { GatewayClient } from "../../client/gateway-client.ts";
import { Signal } from "../state/signal.ts";
import { describeCost, groupDigits, shorten } from "../state/usage.ts";

const PAUSE_MS = 1_200;

interface CostAnswer {
  totals?: { totalTokens?: number; knownCost?: number; unpricedTurns?: number };
}

export class DaySpend extends Signal {
  readonly #client: Pick<GatewayClient, "request">;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #totals: CostAnswer["totals"];

  constructor(client: Pick<GatewayClient, "request">) {
    super();
    this.#client = client;
  }

  /** In a few words; nothing before it is known, or when nothing was used. */
  get words(): string {
    const { totalTokens = 0, knownCost = 0 } = this.#totals ?? {};
    if (totalTokens === 0) return "";
    return knownCost > 0 ? `today ${describeCost(knownCost)}` : `today ${shorten(totalTokens)} tokens`;
  }

  /** The whole, for whoever asks. Days are UTC. */
  get detail(): string {
    const { totalTokens = 0, knownCost = 0, unpricedTurns = 0 } = this.#totals ?? {};
    const open = unpricedTurns > 0 ? `, and ${unpricedTurns} turns whose price is not known` : "";
    return `Today, in all sessions (UTC): ${groupDigits(totalTokens)} tokens, ${describeCost(knownCost)}${open}`;
  }

  refresh(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#fetch(), PAUSE_MS);
  }

  async #fetch(): Promise<void> {
    try {
      this.#totals = (await this.#client.request<CostAnswer>("usage.cost", { days: 1 })).totals;
      this.tell();
    } catch {
      // It is asked again after the next turn.
    }
  }
}
