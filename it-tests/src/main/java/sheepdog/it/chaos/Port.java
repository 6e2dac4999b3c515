package sheepdog.it.chaos;

import java.io.IOException;

/**
 * A way to a disk through one gateway. One thread uses it; any may close it, which ends what is under way with an
 * exception.
 */
interface Port extends AutoCloseable {
    /** Writes and returns when that is acknowledged. */
    void write(long offset, byte[] data) throws IOException;

    byte[] read(long offset, int length) throws IOException;

    @Override
    void close();

    /** The disk answered, with an error that does not say which; the port can be used again. */
    final class MediumException extends IOException {
        private static final long serialVersionUID = 1L;

        MediumException(String message) {
            super(message);
        }
    }

    /** Opens ports. */
    interface Opener {
        /** Begins to open one. It is handed over at once; {@link Opening#ready} does what takes time. */
        Opening open(int gateway) throws IOException;
    }

    /** A port that may be closed while it is being opened. */
    interface Opening extends AutoCloseable {
        Port ready() throws IOException;

        @Override
        void close();
    }
}
