import { isServed } from './disk.js';
import { isServedUpload, type World } from './world.js';

/** What is wrong in this state; undefined when nothing is. */
export function violationIn(world: World): string | undefined {
  const { client, disk, owners, wrong, told, taken } = world;
  if (wrong !== undefined) return wrong;
  for (const [name, inode] of Object.entries(disk.names)) {
    const file = disk.inodes[inode];
    if (isServed(name) && file?.by === 'upload' && file.bytes !== file.claim)
      return 'a name with something that was never verified';
  }
  const { state, effect } = client.attempts;
  const recorded = owners.some(({ gone, line }) => !gone && line?.journal.tombstone !== undefined);
  if (state === 'done' && !recorded) return 'a success told before it was on record';
  if (state === 'done' && !taken) {
    const file = disk.inodes[disk.kept[told ?? ''] ?? -1];
    if (file?.by !== 'upload' || file.flushed !== file.claim) return 'an acknowledged file that can be lost';
  }
  if (state === 'failed' && effect === 'none' && isServedUpload(world))
    return 'a failure without effect, told for a file that is there';
  return undefined;
}
