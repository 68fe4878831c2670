// The part of yauzl 3 that zip.ts uses; yauzl comes without types.
declare module "yauzl" {
  export interface Entry {
    /** The bytes of the name, because zips are opened with `decodeStrings: false`. */
    fileNameRaw: Buffer;
    extraFieldLength: number;
    fileNameLength: number;
    generalPurposeBitFlag: number;
    compressionMethod: number;
    crc32: number;
    /** Bytes. */
    compressedSize: number;
    /** Bytes. */
    uncompressedSize: number;
    externalFileAttributes: number;
    versionMadeBy: number;
    relativeOffsetOfLocalHeader: number;
    isEncrypted(): boolean;
  }

  export interface ZipFile {
    readonly entryCount: number;
    eachEntry(): AsyncIterableIterator<Entry>;
  }

  export type ReadCallback = (error: Error | null, bytesRead?: number) => void;

  export class RandomAccessReader {
    read(buffer: Buffer, offset: number, length: number, position: number, callback: ReadCallback): void;
    close(callback: (error: Error | null) => void): void;
  }

  export function fromRandomAccessReaderPromise(
    reader: RandomAccessReader,
    totalSize: number,
    options: { autoClose: boolean; decodeStrings: false; validateEntrySizes: boolean },
  ): Promise<ZipFile>;
}
