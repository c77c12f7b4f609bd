import * as v from "valibot";
import { type Descriptor, descriptorSchema } from "../oci/descriptor.ts";

/** A JSON object of which nothing is known: what a check looks at may be anything. */
export type LooseDocument = Readonly<Record<string, unknown>>;

/** The object that the bytes are, undefined if they are none. */
export function looseDocument(bytes: Uint8Array): LooseDocument | undefined {
  try {
    return looseObject(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    return undefined;
  }
}

export function looseObject(value: unknown): LooseDocument | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as LooseDocument) : undefined;
}

export function looseArray(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** The descriptor that a value is, undefined if it is none. */
export function looseDescriptor(value: unknown): Descriptor | undefined {
  const { success, output } = v.safeParse(descriptorSchema, value);
  return success ? (output as Descriptor) : undefined;
}
