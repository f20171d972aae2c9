/** The ids of each user's sessions. Most users have one, and a Set takes 151 bytes for it. */
export class UserSessions {
  readonly #ids = new Map<string, string | Set<string>>();

  of(userId: string): string[] {
    const ids = this.#ids.get(userId);
    if (ids === undefined) return [];
    return typeof ids === 'string' ? [ids] : [...ids];
  }

  add(userId: string, id: string): void {
    const ids = this.#ids.get(userId);
    if (ids === undefined || ids === id) this.#ids.set(userId, id);
    else if (typeof ids === 'string') this.#ids.set(userId, new Set([ids, id]));
    else ids.add(id);
  }

  delete(userId: string, id: string): void {
    const ids = this.#ids.get(userId);
    if (ids === id) this.#ids.delete(userId);
    if (typeof ids !== 'object') return;
    ids.delete(id);
    if (ids.size === 0) this.#ids.delete(userId);
  }
}
