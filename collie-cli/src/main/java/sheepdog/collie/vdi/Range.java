package sheepdog.collie.vdi;

import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.cli.Sizes;
import sheepdog.collie.command.Invocation;
import sheepdog.protocol.model.ObjectId;

/**
 * A range of a disk in bytes, walked from object to object.
 *
 * @param offset a multiple of 512
 * @param length whole sectors, unless it ends with a disk whose size is not
 */
record Range(long offset, long length) {
    /**
     * The operands behind the name: offset, 0 if missing, and length, everything if missing, rounded up to sectors.
     *
     * @param verb begins the complaints: {@code Read} or {@code Write}
     */
    static Range parse(Invocation call, String verb) {
        long offset = call.argument(1).map(Sizes::parse).orElse(0L);
        if (!Sizes.isSectorAligned(offset) && offset != Long.MAX_VALUE) {
            throw new CommandException(ExitCode.USAGE, verb + " offset must be block-aligned");
        }
        long length =
                call.argument(2).map(Sizes::parse).map(Sizes::roundUpToSector).orElse(Long.MAX_VALUE);
        return new Range(offset, length);
    }

    /** The part of this range that lies on a disk of that size; status 1 if not even its start does. */
    Range within(long sizeBytes, String verb) {
        if (Long.compareUnsigned(sizeBytes, offset) < 0) {
            throw new CommandException(ExitCode.FAILURE, verb + " offset is beyond the end of the VDI");
        }
        long rest = sizeBytes - offset;
        return new Range(offset, Long.compareUnsigned(length, rest) < 0 ? length : rest);
    }

    /** Bytes from the start of the range to the end of the object it starts in, or to its own end. */
    int firstPiece() {
        return (int) Math.min(length, ObjectId.DATA_BYTES - offsetInObject());
    }

    /** Number of the object that the range starts in. */
    int index() {
        return (int) (offset / ObjectId.DATA_BYTES);
    }

    /** Where in that object it starts. */
    int offsetInObject() {
        return (int) (offset % ObjectId.DATA_BYTES);
    }

    /** What remains behind the first {@code bytes}. */
    Range after(int bytes) {
        return new Range(offset + bytes, length - bytes);
    }
}
