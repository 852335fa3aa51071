// Keys that were given in the page, as this session knows them: in memory alone, asked of the Directory once when a brief
// says that there are newer ones. Never written to a row, never logged.
import type { Brief } from "../../contract/admission.ts";
import type { DirectoryPort } from "../../contract/ports/directory.ts";
import { withKeys } from "../models/catalogue.ts";
import type { ProviderDeps } from "../models/port.ts";

interface KeyRingPorts {
  directory: Pick<DirectoryPort, "providerKeys">;
  models: ProviderDeps;
}

export class KeyRing {
  readonly #ports: KeyRingPorts;
  readonly #countRequest: () => void;
  #version = 0;
  #models: ProviderDeps;

  constructor(ports: KeyRingPorts, countRequest: () => void) {
    this.#ports = ports;
    this.#countRequest = countRequest;
    this.#models = ports.models;
  }

  get models(): ProviderDeps {
    return this.#models;
  }

  /** Call it before a model is chosen. A turn that began with an older brief keeps the newer keys. */
  async renew(brief: Brief): Promise<void> {
    if ((brief.keysVersion ?? 0) <= this.#version) return;
    this.#countRequest();
    const { version, keys } = await this.#ports.directory.providerKeys();
    this.#version = version;
    this.#models = { ...this.#ports.models, env: withKeys(this.#ports.models.env, keys) };
  }
}
