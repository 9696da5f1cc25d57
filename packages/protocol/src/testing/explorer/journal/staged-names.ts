import { create, unlink } from './disk.js';
import { secondName, stagedName, type Upload, uploadOf, type World } from './world.js';

const COMMITTING = ['flushing', 'intending', 'publishing', 'recording'];

export const isCommitting = ({ staged }: Upload): boolean =>
  staged !== undefined && COMMITTING.includes(staged.state);

/** Another file, since the one that was staged may be open somewhere. */
export function startAnew(world: World, owner: number): void {
  world.disk = unlink(world.disk, secondName(owner));
  world.disk = create(world.disk, stagedName(owner), 'upload');
  uploadOf(world, owner).inode = world.disk.names[stagedName(owner)];
}

/** Of what is staged nothing is needed any more. */
export function drop(world: World, owner: number): void {
  const upload = uploadOf(world, owner);
  world.disk = unlink(world.disk, stagedName(owner));
  world.disk = unlink(world.disk, secondName(owner));
  upload.inode = undefined;
}
