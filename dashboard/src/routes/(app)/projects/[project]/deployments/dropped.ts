import { whyLeftOut, type Found } from './selection';

/** A file with its path in what was dropped or chosen. */
export type FoundFile = Found & { file: File };

/** Stands for a folder that is not looked into, since nothing of it is sent. */
const unread = (): File => new File([], '');

/** The files of what was dropped. It has to be called before the event is over. */
export function dropped(transfer: DataTransfer): Promise<FoundFile[]> {
  const entries = [...transfer.items].filter(({ kind }) => kind === 'file').map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  return Promise.all(entries.map((entry) => (entry === null ? [] : entry instanceof File ? [{ path: entry.name, file: entry }] : walk(entry)))).then((all) => all.flat());
}

/** The files of a file input, with their folders if it takes folders. */
export function chosen(files: FileList): FoundFile[] {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

async function walk(entry: FileSystemEntry): Promise<FoundFile[]> {
  const path = entry.fullPath.slice(1);
  if (entry.isDirectory && whyLeftOut(entry.name)) return [{ path: `${path}/`, file: unread() }];
  if (entry.isDirectory) {
    const inside: FoundFile[] = [];
    for (const each of await entriesOf(entry as FileSystemDirectoryEntry)) inside.push(...(await walk(each)));
    return inside;
  }
  const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
  return [{ path, file }];
}

/** Everything in a folder; the browser gives it in parts, and nothing at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return all;
    all.push(...part);
  }
}
