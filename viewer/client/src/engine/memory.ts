/** Keeps decoded pictures, up to a budget of bytes; the longest unused go first. */
import { bytesOf, type Picture } from "./picture.ts";

export class PictureMemory {
  private readonly pictures = new Map<string, Picture>();
  private bytes = 0;

  constructor(
    private readonly budget: number,
    private readonly onDrop: (key: string) => void = () => {},
  ) {}

  get(key: string): Picture | null {
    const picture = this.pictures.get(key);
    if (!picture) return null;
    this.pictures.delete(key);
    this.pictures.set(key, picture);
    return picture;
  }

  has(key: string): boolean {
    return this.pictures.has(key);
  }

  put(key: string, picture: Picture): void {
    this.delete(key);
    this.pictures.set(key, picture);
    this.bytes += bytesOf(picture);
    for (const oldest of this.pictures.keys()) {
      if (this.bytes <= this.budget || oldest === key) return;
      this.delete(oldest);
      this.onDrop(oldest);
    }
  }

  delete(key: string): void {
    const picture = this.pictures.get(key);
    if (!picture) return;
    this.pictures.delete(key);
    this.bytes -= bytesOf(picture);
  }

  clear(): void {
    this.pictures.clear();
    this.bytes = 0;
  }

  get size(): number {
    return this.bytes;
  }
}
