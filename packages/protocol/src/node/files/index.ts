export type { CommitLog, CommitStep, Intent } from './commit-log.js';
export { type Directory, DirectorySync } from './directory-sync.js';
export { type Attempt, errnoOf, fileError } from './errno.js';
export { type Existing, kindOf, lookAt, lookAtNow } from './existing-file.js';
export { fileMode, isExecutable } from './file-mode.js';
export { FileSink, type FileSinkOptions } from './file-sink.js';
export { FileSource, type FileSourceOptions } from './file-source.js';
export { modificationTime, setModificationTime, setModificationTimeSync } from './file-times.js';
export { LeavesFile, readLeaves } from './leaves-file.js';
export { makeFolders } from './make-folders.js';
export { linkToFreeName, moveToFreeName } from './move-to-free-name.js';
export { NameLocks } from './name-locks.js';
export { numberedName } from './numbered-name.js';
export { recallPartial } from './partial-file.js';
export { type Prospect, refuseEarly, SPARE } from './publication.js';
export {
  createPublishingContext,
  type Published,
  type PublishingContext,
  type PublishOptions,
  StagedFile,
  type StagedFileOptions,
  stagingName,
} from './staged-file.js';
export { type ReadFile, readWholeFile } from './whole-file.js';
