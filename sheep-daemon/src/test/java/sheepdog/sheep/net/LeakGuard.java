package sheepdog.sheep.net;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/** Fails a test class in which a buffer of Netty's was forgotten. */
final class LeakGuard implements BeforeAllCallback, AfterAllCallback {
    private final ListAppender<ILoggingEvent> reports = new ListAppender<>();
    private final Logger detector = (Logger) LoggerFactory.getLogger(ResourceLeakDetector.class);

    @Override
    public void beforeAll(ExtensionContext context) {
        if (ResourceLeakDetector.getLevel() != ResourceLeakDetector.Level.PARANOID) {
            throw new AssertionError("leaks are to be looked for in all tests: see the pom's flags");
        }
        reports.start();
        detector.addAppender(reports);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        for (int i = 0; i < 4; i++) {
            System.gc();
            // The detector looks for what was lost when something new is made.
            PooledByteBufAllocator.DEFAULT.directBuffer(16).release();
        }
        detector.detachAppender(reports);
        var leaks = List.copyOf(reports.list).stream()
                .map(ILoggingEvent::getFormattedMessage)
                .filter(message -> message.contains("LEAK:"))
                .toList();
        if (!leaks.isEmpty()) {
            throw new AssertionError(String.join("\n", leaks));
        }
    }
}
