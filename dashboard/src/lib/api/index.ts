export { api, call, tagOf, versioned, type Versioned } from './client';
export { Problem } from './problem';
export { upload, type Progress } from './upload';
export type * from './types';
