import type { Draft } from './draft.js';
import { touchedUntil } from './expiry.js';
import type { FieldsDelta } from './fields.js';
import { newLife, sameLife } from './life.js';
import { lastEndOf, META, type SessionRecord } from './record.js';
import type { SealedManager } from './sealed.manager.js';
import type { SealedBackend } from './sealed.js';
import type { Stored } from './staged.js';
import type { TextChanges } from './store.js';
import { applyChanges, NO_CHANGES, NO_TEXTS } from './texts.js';

const NO_DELTA = { changes: NO_CHANGES, replace: false };

/** A session sealed, not yet handed out, and what of the draft went into it. */
export interface Sealed extends Stored {
  readonly record: SessionRecord;
  readonly text: string;
}

/** Everything that gives the client a new seal. */
export class SealIssuer {
  constructor(
    private readonly manager: SealedManager,
    private readonly backend: SealedBackend,
  ) {}

  /** What the draft wants, sealed. `before`: what it continues, if anything. */
  seal(
    draft: Draft,
    delta: FieldsDelta | undefined,
    before: SessionRecord | undefined,
    flashes: TextChanges = draft.flashes.pending(),
  ): Sealed {
    const { clock, policy } = this.manager;
    const now = clock.now();
    const { rotation } = draft;
    const login = rotation?.kind === 'login' ? rotation : undefined;
    const meta = new Map(flashes);
    const life = login || !before ? newLife(policy, now, login, meta) : sameLife(policy, now, before);
    if (before && lastEndOf(before) > life.absoluteExpiresAt) meta.set(META.until, String(lastEndOf(before)));
    const record: SessionRecord = {
      id: (before ?? draft.token ?? this.manager.mint()).id,
      name: policy.name,
      secretHash: '',
      generation: before ? before.generation + (rotation ? 1 : 0) : 0,
      version: before ? before.version + 1 : 0,
      fields: draft.fields.merged(delta ?? NO_DELTA),
      meta: applyChanges(before?.meta ?? NO_TEXTS, meta),
      createdAt: before?.createdAt ?? now,
      ...life,
      expiresAt: login || !before ? life.expiresAt : Math.max(before.expiresAt, life.expiresAt),
    };
    return { record, text: this.backend.seal(record, now), delta, flashes, rotation };
  }

  /** Hands it out: what the client holds from now on is this. */
  issue(draft: Draft, sealed: Sealed): void {
    const { record, rotation, text } = sealed;
    const { id, userId, version } = record;
    // Ended while the revocations were asked: the next commit sees to it.
    if (draft.isEnding(record)) return;
    draft.adopt(record, { id, secret: '' }, sealed);
    draft.cookie = { kind: 'issue', text };
    if (version === 0) this.manager.emit({ type: 'created', id, userId });
    else if (rotation?.kind !== 'login') this.manager.emit({ type: rotation ? 'regenerated' : 'saved', id, userId });
    if (rotation?.kind === 'login') this.manager.emit({ type: 'login', id, userId });
  }

  /** The same with a later end, and under the key in force. */
  extend(draft: Draft, record: SessionRecord): void {
    const { clock, policy } = this.manager;
    const now = clock.now();
    const expiresAt = Math.max(record.expiresAt, touchedUntil(record, policy, now));
    const extended = { ...record, expiresAt };
    draft.cookie = { kind: 'issue', text: this.backend.seal(extended, now) };
    draft.record = extended;
    draft.outdated = false;
  }
}
