import type { UploadJournal } from '../../../machine/staged-upload.js';
import { type Line, lastLine, ownerOf, uploadOf, type World } from './world.js';

/** Puts what is known of K on record, durably. */
export function record(world: World, owner: number, journal: UploadJournal<string> | undefined): void {
  if (journal === undefined) return;
  append(world, owner, journal);
  flushJournal(world, owner);
}

function append(world: World, owner: number, journal: UploadJournal<string>): void {
  const it = ownerOf(world, owner);
  const { inode, name } = uploadOf(world, owner);
  const about = journal.durable > 0 || journal.intent !== undefined;
  const line: Line = {
    journal,
    inode: about ? inode : undefined,
    name: journal.intent === undefined ? undefined : name,
  };
  it.tail = [...it.tail, line];
}

function flushJournal(world: World, owner: number): void {
  const it = ownerOf(world, owner);
  it.line = lastLine(it);
  it.tail = [];
}

/** What everybody, dead or alive, has on record. */
export function allLines(world: World): Line[] {
  return world.owners.flatMap((owner) => {
    const line = owner.gone ? undefined : lastLine(owner);
    return line === undefined ? [] : [line];
  });
}
