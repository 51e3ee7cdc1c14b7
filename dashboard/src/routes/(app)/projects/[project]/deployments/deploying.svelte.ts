import { SvelteMap } from 'svelte/reactivity';
import { Problem, upload, type LiveDeployment } from '$lib/api';
import { toasts } from '$lib/toasts.svelte';
import type { FoundFile } from './dropped';

/** What is sent: an archive as it is, or files that are packed first. */
export type Content = { archive: File } | { files: readonly FoundFile[] };

export type Stage =
  | { at: 'packing'; packed: number; files: number }
  | { at: 'uploading'; sent: number; total: number }
  | { at: 'unpacking'; files: number; bytes: number }
  | { at: 'live'; deployment: LiveDeployment }
  | { at: 'failed'; problem: Problem };

/** One deployment on its way. It goes on while other pages are looked at. */
export class Deploying {
  stage = $state.raw<Stage>({ at: 'packing', packed: 0, files: 0 });
  readonly project: string;
  readonly environment: string;
  #content: Content;
  #done: (deployment: LiveDeployment) => Promise<void>;
  #cancelled = new AbortController();

  constructor(project: string, environment: string, content: Content, done: (deployment: LiveDeployment) => Promise<void>) {
    this.project = project;
    this.environment = environment;
    this.#content = content;
    this.#done = done;
  }

  get running(): boolean {
    return this.stage.at !== 'live' && this.stage.at !== 'failed';
  }

  cancel = (): void => this.#cancelled.abort();

  /** How far the server is, as its stream tells. */
  unpacked(files: number, bytes: number): void {
    if (this.stage.at === 'unpacking') this.stage = { at: 'unpacking', files, bytes };
  }

  /** Does it, or does it again after it failed. */
  run = async (): Promise<void> => {
    const content = this.#content;
    this.#cancelled = new AbortController();
    this.stage = { at: 'packing', packed: 0, files: 'files' in content ? content.files.length : 0 };
    try {
      const archive = 'archive' in content ? content.archive : await this.#pack(content.files);
      const name = 'archive' in content ? content.archive.name : 'site.zip';
      const form = new FormData();
      form.append('environment', this.environment);
      form.append('archive', archive, name);
      this.stage = { at: 'uploading', sent: 0, total: archive.size };
      const deployment = await upload<LiveDeployment>(`/api/v1/projects/${encodeURIComponent(this.project)}/deployments`, form, {
        signal: this.#cancelled.signal,
        progress: ({ sent, total }) => {
          if (this.stage.at !== 'uploading') return;
          this.stage = sent < total ? { at: 'uploading', sent, total } : { at: 'unpacking', files: 0, bytes: 0 };
        },
      });
      await this.#done(deployment);
      this.stage = { at: 'live', deployment };
    } catch (thrown) {
      const problem = Problem.from(thrown);
      this.stage = { at: 'failed', problem };
      if (problem.kind !== 'aborted' && !onPage.has(this.project)) toasts.problem(problem);
    }
  };

  async #pack(files: readonly FoundFile[]): Promise<Blob> {
    const { downloadZip } = await import('client-zip');
    const { signal } = this.#cancelled;
    const report = (packed: number) => (this.stage = { at: 'packing', packed, files: files.length });
    function* named() {
      for (const [index, { path, file }] of files.entries()) {
        if (signal.aborted) throw Problem.aborted();
        report(index);
        yield { name: path, lastModified: new Date(file.lastModified), input: file };
      }
    }
    return downloadZip(named()).blob();
  }
}

/** The bytes of the archive that the files are packed into, without reading them. */
export async function packedSize(files: readonly FoundFile[]): Promise<number> {
  const { predictLength } = await import('client-zip');
  return Number(predictLength(files.map(({ path, file }) => ({ name: path, size: file.size }))));
}

/** The deployment that was last begun in each project, by its slug. */
export const deployings = new SvelteMap<string, Deploying>();
/** Projects whose page shows how it went, so that no toast has to. */
export const onPage = new Set<string>();
