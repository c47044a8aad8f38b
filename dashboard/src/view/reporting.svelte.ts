/** The report being written. It outlives its form: closing the sheet by accident loses no word. */

import { kit, reports, tellSubmitted, ui } from '../state/page.svelte';
import type { ReportKind } from '../state/reports.svelte';
import { messages } from '../messages';
import { type Picture, shrinkPicture } from '../local/picture';
import type { Position } from '../trace/tile';
import { parsePlace } from '../words/place';
import { mapHandle } from './maphandle.svelte';

class Reporting {
  step = $state<'what' | 'words'>('what');
  kind = $state<ReportKind>('hazard');
  title = $state('');
  text = $state('');
  severity = $state<number | null>(null);
  busy = $state(false);
  problem = $state<string | null>(null);

  /** The photo to go with it, and where the browser shows it from. */
  picture = $state.raw<(Picture & { url: string }) | null>(null);
  /** A photo is being made smaller. */
  shrinking = $state(false);

  /** Coordinates by hand, where there is no map to point at. */
  typedPlace = $state('');

  get position(): Position | null {
    return mapHandle.current ? mapHandle.centre : parsePlace(this.typedPlace);
  }

  choose(kind: ReportKind): void {
    this.kind = kind;
    this.step = 'words';
  }

  async send(): Promise<void> {
    const { space } = kit;
    const { position } = this;
    if (!this.title.trim()) {
      this.problem = messages.report.titleMissing;
      return;
    }
    if (!space || !position) {
      this.problem = space ? messages.report.noPlace : messages.report.noSpace;
      return;
    }
    this.busy = true;
    this.problem = null;
    try {
      const result = await reports.submit(space.id, space.home_zoom, {
        kind: this.kind,
        title: this.title,
        text: this.text,
        severity: this.severity,
        position,
      }, this.picture);
      tellSubmitted(result);
      this.#clear();
      ui.close();
    } catch (error) {
      this.problem =
        error instanceof RangeError ? messages.report.tooLong : messages.report.signingMissing;
    } finally {
      this.busy = false;
    }
  }

  #clear(): void {
    this.step = 'what';
    this.title = '';
    this.text = '';
    this.severity = null;
    this.removePicture();
  }

  async attach(file: File): Promise<void> {
    this.shrinking = true;
    this.problem = null;
    try {
      const picture = await shrinkPicture(file);
      this.removePicture();
      this.picture = { ...picture, url: URL.createObjectURL(new Blob([picture.bytes.slice()], { type: picture.type })) };
    } catch {
      this.problem = messages.report.photoUnread;
    } finally {
      this.shrinking = false;
    }
  }

  removePicture(): void {
    if (this.picture) URL.revokeObjectURL(this.picture.url);
    this.picture = null;
  }
}

export const reporting = new Reporting();

/** Opens the form, at a place that was tapped or where the map stands. */
export function beginReport(at: Position | null): void {
  if (!kit.space) {
    ui.toast(messages.report.noSpace, 'plain');
    return;
  }
  ui.selected = null;
  reporting.step = reporting.title ? 'words' : 'what';
  reporting.problem = null;
  ui.open('report');
  if (at) mapHandle.current?.flyTo(at);
}
