/** Who said something, in words. */

import { messages } from '../messages';
import { fingerprint } from '../trace/fingerprint';

export interface Who {
  /** A name, a key's code, or "You". */
  name: string;
  /** The key's code where `name` is something else. */
  code: string | null;
  /** The name is only claimed. */
  claimed: boolean;
  /** An unsigned event: nobody stands behind the name. */
  unsigned: boolean;
}

/**
 * `by` is a principal (`key:<K>` or `actor:<id>`), `actor` the actor id beside it, `claimed` that the
 * two are not bound, `ownKey` this browser's own public key.
 */
export function who(
  by: string,
  actor: string | undefined,
  claimed: boolean | undefined,
  ownKey: string | null,
): Who {
  if (!by.startsWith('key:')) {
    const name = actorName(actor ?? by.replace(/^actor:/, ''));
    return { name, code: null, claimed: true, unsigned: true };
  }
  const key = by.slice('key:'.length);
  const code = fingerprint(key);
  if (ownKey !== null && key === ownKey) {
    return { name: messages.detail.whoYou, code, claimed: false, unsigned: false };
  }
  if (actor === undefined || actor === by) {
    return { name: messages.detail.key(code), code: null, claimed: false, unsigned: false };
  }
  return { name: actorName(actor), code, claimed: claimed ?? false, unsigned: false };
}

/** One line, for lists: "anna (name not proven)". */
export function whoText(who: Who): string {
  if (who.unsigned) return `${who.name} (${messages.detail.unsigned})`;
  return who.claimed ? `${who.name} (${messages.detail.claimedName})` : who.name;
}

function actorName(actor: string): string {
  return actor.replace(/^(user|node|kit|actor):/, '') || actor;
}
