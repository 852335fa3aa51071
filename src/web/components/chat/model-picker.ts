// The model of this session and how hard it thinks, and the choice of others. Models without a key are shown with what is
// missing; a model that does not think aloud has no levels to choose from.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { ChatRoom } from "../../state/chat-room.ts";
import type { Desk, ModelChoice } from "../../state/desk.ts";
import { Watch } from "../../state/signal.ts";
import { PageElement } from "../element.ts";
import type { Choice } from "./picker.ts";
import "./picker.ts";

const LEVELS: Record<string, string> = {
  default: "as the settings say",
  off: "answers at once",
  minimal: "a glance",
  low: "a little",
  medium: "for most tasks",
  high: "for hard tasks",
  xhigh: "the longest; slow and dear",
};

@customElement("sk-model-picker")
export class ModelPicker extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) room: ChatRoom | undefined;

  constructor() {
    super();
    new Watch(this, () => this.room);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { room } = this;
    const ref = room?.model;
    if (!room || ref === undefined) return nothing;
    const level = room.thinking;
    return html`<sk-picker
        .what=${"Model"}
        .current=${ref}
        .shown=${ref.split("/").slice(1).join("/") || ref}
        .offer=${this.#offerModels}
        @choose=${this.#chooseModel}
      ></sk-picker>
      ${
        room.thinkingLevels.length < 2
          ? nothing
          : html`<sk-picker
              .what=${"Thinking"}
              .current=${level ?? "default"}
              .shown=${level === undefined ? "thinking" : `thinking: ${level}`}
              .offer=${this.#offerLevels}
              @choose=${this.#chooseLevel}
            ></sk-picker>`
      }`;
  }

  #offerModels = async (): Promise<Choice[]> => {
    let models: ModelChoice[] = [];
    await this.desk?.attempt(async () => {
      models = (await this.desk?.models()) ?? [];
    });
    return models
      .toSorted((a, b) => Number(b.available) - Number(a.available))
      .map(({ ref, name, available, unavailableReason = "not available" }) => ({
        id: ref,
        name,
        note: ref,
        ...(available ? {} : { refusal: unavailableReason }),
      }));
  };

  #offerLevels = async (): Promise<Choice[]> => {
    const levels = ["default", ...(this.room?.thinkingLevels ?? [])];
    return levels.map((level) => ({ id: level, name: level, note: LEVELS[level] ?? "" }));
  };

  #chooseModel = ({ detail }: CustomEvent<Choice>): void => {
    const { desk, room } = this;
    if (detail.refusal !== undefined) desk?.say(`${detail.name} cannot be used: ${detail.refusal}.`, "error");
    else if (room) void desk?.attempt(() => room.choose({ model: detail.id }));
  };

  #chooseLevel = ({ detail }: CustomEvent<Choice>): void => {
    const { desk, room } = this;
    if (room) void desk?.attempt(() => room.choose({ thinkingLevel: detail.id === "default" ? null : detail.id }));
  };
}
