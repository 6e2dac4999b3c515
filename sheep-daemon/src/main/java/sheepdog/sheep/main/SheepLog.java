package sheepdog.sheep.main;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.core.AppenderBase;
import java.io.IOException;
import java.io.PrintStream;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.MarkerFactory;

/**
 * The log of a sheep: formats events where they happen and writes them on a thread of its own, so that a disk that
 * hangs does not hold up who logs. What does not fit into its queue is dropped and counted.
 *
 * <p>Levels are the original's: 0 to 3 show errors, 4 warnings, 5 what has the {@link #NOTICE} mark, 6 state changes, 7
 * everything. Libraries are heard from warnings up.
 */
final class SheepLog implements AutoCloseable {
    /** For the few lines that a log of level 5 shows. */
    static final Marker NOTICE = MarkerFactory.getMarker("NOTICE");

    static final long FILE_BYTES_MAX = 500L << 20;

    private static final int QUEUE_LINES_MAX = 8_192;
    private static final int DEBUG_LEVEL = 7;
    private static final int NOTICE_LEVEL = 5;
    private static final int WARNING_LEVEL = 4;
    private static final long CLOSE_MILLIS = 2_000;

    private final ArrayBlockingQueue<String> queue = new ArrayBlockingQueue<>(QUEUE_LINES_MAX);
    private final AtomicLong dropped = new AtomicLong();
    private final Thread writer;
    private Target target; // Set before the writer starts, its from then on.
    private volatile boolean closing;

    /** Where lines end up. */
    @FunctionalInterface
    interface Target {
        void add(String line) throws IOException;
    }

    private SheepLog() {
        writer = Thread.ofPlatform().name("logger").daemon().unstarted(this::write);
    }

    /**
     * From now on everything that is logged is kept, to be written as soon as {@link #writeTo} says where.
     *
     * @param port for the JSON format
     */
    static SheepLog start(SheepConfig.Log config, int port) {
        var log = new SheepLog();
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).setLevel(Level.WARN);
        context.getLogger("sheepdog").setLevel(level(config.level()));
        var appender = new AppenderBase<ILoggingEvent>() {
            @Override
            protected void append(ILoggingEvent event) {
                if (config.level() != NOTICE_LEVEL || isNoticed(event)) {
                    lines(event, config.format(), port).forEach(log::add);
                }
            }
        };
        appender.setContext(context);
        appender.start();
        context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).addAppender(appender);
        return log;
    }

    /** Where the lines go, those that are kept first. Once. */
    void writeTo(Target wanted) {
        target = wanted;
        writer.start();
    }

    /** Lines go to a stream, which is not closed. */
    static Target to(PrintStream stream) {
        return line -> {
            stream.println(line);
            stream.flush();
        };
    }

    /** Writes what is in the queue, for a short time at most; nothing if nobody said where to. */
    @Override
    public void close() {
        closing = true;
        try {
            writer.join(CLOSE_MILLIS);
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        }
    }

    static Level level(int original) {
        if (original >= DEBUG_LEVEL) {
            return Level.DEBUG;
        }
        if (original >= NOTICE_LEVEL) {
            return Level.INFO;
        }
        return original == WARNING_LEVEL ? Level.WARN : Level.ERROR;
    }

    /** One line for the event; if it has an exception, one more for each of its frames. */
    static List<String> lines(ILoggingEvent event, SheepConfig.LogFormat format, int port) {
        var texts = new ArrayList<String>();
        texts.add(event.getFormattedMessage().replace('\n', ' '));
        for (IThrowableProxy thrown = event.getThrowableProxy(); thrown != null; thrown = thrown.getCause()) {
            texts.add(thrown.getClassName() + ": "
                    + String.valueOf(thrown.getMessage()).replace('\n', ' '));
            for (StackTraceElementProxy frame : thrown.getStackTraceElementProxyArray()) {
                texts.add("    " + frame.getSTEAsString());
            }
        }
        var callers = event.getCallerData();
        String function = callers.length == 0 ? "?" : function(callers[0].getMethodName());
        int sourceLine = callers.length == 0 ? 0 : Math.max(0, callers[0].getLineNumber());
        String thread = event.getThreadName();
        return texts.stream()
                .map(text -> switch (format) {
                    case DEFAULT ->
                        LogLine.format(
                                LocalDateTime.ofInstant(event.getInstant(), ZoneId.systemDefault()),
                                thread,
                                function,
                                sourceLine,
                                text);
                    case JSON ->
                        LogLine.json(
                                port,
                                event.getInstant().getEpochSecond(),
                                event.getInstant().getNano() / 1_000,
                                thread,
                                function,
                                sourceLine,
                                text);
                })
                .toList();
    }

    /** {@code lambda$start$3} is in {@code start}; a constructor is called so. */
    private static String function(String method) {
        if (method.startsWith("lambda$")) {
            int end = method.lastIndexOf('$');
            return method.substring("lambda$".length(), end);
        }
        return method.startsWith("<") ? "new" : method;
    }

    private static boolean isNoticed(ILoggingEvent event) {
        return event.getLevel().isGreaterOrEqual(Level.WARN)
                || event.getMarkerList() != null && event.getMarkerList().contains(NOTICE);
    }

    private void add(String line) {
        if (!queue.offer(line)) {
            dropped.incrementAndGet();
        }
    }

    private void write() {
        try {
            while (true) {
                String line = queue.poll(100, TimeUnit.MILLISECONDS);
                if (line == null) {
                    if (closing) {
                        return;
                    }
                    continue;
                }
                long lost = dropped.getAndSet(0);
                if (lost > 0) {
                    tryAdd("log lines dropped: " + lost);
                }
                tryAdd(line);
            }
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        }
    }

    /** A full disk is no reason to end; what could not be written is counted with what was dropped. */
    private void tryAdd(String line) {
        try {
            target.add(line);
        } catch (IOException full) {
            dropped.incrementAndGet();
        }
    }
}
