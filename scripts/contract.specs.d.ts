/** The specs that run the store contract, as paths from the top. */
export function contractSpecs(): string[];
