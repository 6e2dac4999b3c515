package sheepdog.sheep.main;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.epochlog.ClusterConfig;
import sheepdog.membership.epochlog.EpochLog;
import sheepdog.membership.files.NoSpaceException;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.sheep.cluster.ClusterFormat;
import sheepdog.sheep.cluster.EpochArchive;

/**
 * Epochs in the store directory's files. A disk error here is thrown and ends the process, but for a full file system: that
 * passes. One caller at a time.
 */
final class FileEpochArchive implements EpochArchive {
    private final EpochLog files;

    private FileEpochArchive(EpochLog files) {
        this.files = files;
    }

    /** How much space a node announces at its first start. */
    @FunctionalInterface
    interface Measure {
        long bytes() throws IOException;
    }

    static FileEpochArchive open(Path base) throws IOException {
        return new FileEpochArchive(EpochLog.open(base));
    }

    /** The space recorded at the first start of this store; {@code measured} now, and recorded, if this is the first. */
    long space(Measure measured) throws IOException {
        if (files.config().isEmpty()) {
            files.record(new ClusterConfig(0, 0, 0, "", measured.bytes()));
        }
        return files.config().orElseThrow().spaceBytes();
    }

    @Override
    public long formattedAt() {
        return files.formattedAt();
    }

    @Override
    public Optional<Epoch> newest() {
        return files.newest();
    }

    @Override
    public Outcome<Void> formatted(ClusterFormat format) {
        long space = files.config().map(ClusterConfig::spaceBytes).orElse(0L);
        var config = new ClusterConfig(format.ctime(), format.flags(), format.copies(), format.store(), space);
        return written(() -> files.formatted(config, format.index()));
    }

    @Override
    public Outcome<Void> record(EpochRecord epoch) {
        return written(() -> files.record(epoch.epoch(), epoch.timeSeconds(), epoch.nodes()));
    }

    @FunctionalInterface
    private interface Writing {
        void run() throws IOException;
    }

    private static Outcome<Void> written(Writing writing) {
        try {
            writing.run();
            return Outcome.done();
        } catch (NoSpaceException _) {
            return Outcome.refused(ResultCode.NO_SPACE);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
