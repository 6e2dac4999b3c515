package sheepdog.sheep.main;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDateTime;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of a sheep's process once its options are good: store directory, log, the sheep itself, its end.
 *
 * <p>Apart from {@link SheepMain}, so that asking for help does not have to wait until the log is set up.
 */
final class SheepProcess {
    private static final Logger log = LoggerFactory.getLogger(SheepProcess.class);

    /** How long an orderly end may take when a signal asks for it. */
    private static final long END_SECONDS = 15;

    private volatile CompletableFuture<Integer> ended = new CompletableFuture<>();
    private final CompletableFuture<Integer> finished = new CompletableFuture<>();
    private volatile Sheep running;
    private Optional<Background> background;
    private Optional<SheepLog> logFile = Optional.empty();

    SheepProcess(Optional<Background> background) {
        this.background = background;
    }

    /** Runs a sheep, and ends the process with it. */
    void run(SheepConfig config) {
        Sheep sheep;
        Optional<PidFile> pidFile;
        try {
            Sheep.checkAddress(config);
            makeDirectory(config.base());
            logFile = Optional.of(SheepLog.start(config.log(), config.port()));
            log.info("{}", config);
            sheep = Sheep.start(config, () -> lockHeld(config), this::end, this::broken);
            pidFile = config.pidFile().isEmpty()
                    ? Optional.empty()
                    : Optional.of(PidFile.write(
                            config.pidFile().get(), ProcessHandle.current().pid()));
        } catch (StartFailure failure) {
            failure.getMessage().lines().forEach(line -> logFile.ifPresent(_ -> log.error("{}", line)));
            System.err.println(failure.getMessage());
            exit(1);
            return;
        }
        running = sheep;
        Runtime.getRuntime().addShutdownHook(new Thread(() -> asked(running), "end"));
        log.info(SheepLog.NOTICE, "sheepdog daemon (version {}) started", Version.text());
        int exit = ended.join();
        while (running.isSuperseded() && startsEmpty(config)) {
            exit = ended.join();
        }
        if (exit != 0) {
            Thread.ofPlatform().daemon().name("end").start(this::doNotWaitForTheDisk);
        }
        log.info("shutdown");
        running.close();
        pidFile.ifPresent(PidFile::close);
        logFile.ifPresent(SheepLog::close);
        finished.complete(exit);
        System.exit(exit);
    }

    /** Its cluster went on without this sheep's store: that is set aside, and an empty one takes its place. */
    private boolean startsEmpty(SheepConfig config) {
        long storeId = running.storeId();
        running.close();
        try {
            SetAside.store(config.base(), storeId);
            ended = new CompletableFuture<>();
            running = Sheep.start(config, () -> {}, this::end, this::broken);
            return true;
        } catch (StartFailure failure) {
            log.error("{}", failure.getMessage());
        } catch (IOException failure) {
            log.error("cannot set the store aside in {} ({})", config.base(), SystemError.text(failure));
        }
        return false;
    }

    /** A signal; or {@link System#exit}, when all is done already. */
    private void asked(Sheep sheep) {
        if (finished.isDone()) {
            return;
        }
        sheep.leave();
        try {
            // The virtual machine would name the signal in its exit code.
            Runtime.getRuntime().halt(finished.get(END_SECONDS, TimeUnit.SECONDS));
        } catch (TimeoutException | ExecutionException stuck) {
            log.error("the end was not reached in time");
            logFile.ifPresent(SheepLog::close);
            Runtime.getRuntime().halt(1);
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        }
    }

    /** A disk that hangs would keep a sheep that ends for that reason; nothing may be logged, for the log is on a disk. */
    private void doNotWaitForTheDisk() {
        try {
            finished.get(END_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException stuck) {
            Runtime.getRuntime().halt(1);
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        }
    }

    /** The directory is ours, and so is the log in it: from here on errors are there. */
    private void lockHeld(SheepConfig config) throws StartFailure {
        logFile.orElseThrow().writeTo(logTarget(config));
        background.ifPresent(Background::detach);
        background = Optional.empty();
    }

    /** @param failed whether something broke, instead of a command having ended the sheep */
    private void end(boolean failed) {
        ended.complete(failed ? 1 : 0);
    }

    /** The log has to be written before the process is gone, and nothing else may happen in between. */
    private void broken(Throwable fault) {
        if (fault instanceof UncheckedIOException disk) {
            log.error("sheep exits: the disk failed ({})", disk.getCause().getMessage());
        } else {
            log.error("sheep exits unexpectedly ({})", fault.getMessage(), fault);
        }
        logFile.ifPresent(SheepLog::close);
        Runtime.getRuntime().halt(1);
    }

    private void exit(int code) {
        background.ifPresent(terminal -> terminal.failed(code));
        logFile.ifPresent(SheepLog::close);
        System.exit(code);
    }

    private static void makeDirectory(Path base) throws StartFailure {
        try {
            Files.createDirectory(
                    base, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxrwx---")));
        } catch (FileAlreadyExistsException there) {
            if (!Files.isDirectory(base)) {
                throw new StartFailure("cannot create the directory " + base + " (Not a directory)");
            }
        } catch (IOException failed) {
            throw new StartFailure("cannot create the directory " + base + " (" + SystemError.text(failed) + ")");
        }
    }

    private static SheepLog.Target logTarget(SheepConfig config) throws StartFailure {
        if (config.log().toStderr()) {
            return SheepLog.to(System.err);
        }
        Path path = config.base().resolve("sheep.log");
        try {
            return new LogFile(path, SheepLog.FILE_BYTES_MAX, LocalDateTime::now)::add;
        } catch (IOException failed) {
            throw new StartFailure("cannot open the log " + path + " (" + SystemError.text(failed) + ")");
        }
    }
}
