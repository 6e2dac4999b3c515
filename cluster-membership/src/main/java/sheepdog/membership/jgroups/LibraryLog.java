package sheepdog.membership.jgroups;

import org.jgroups.logging.CustomLogFactory;
import org.jgroups.logging.Log;
import org.jgroups.logging.LogFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * What JGroups logs, at levels that suit a sheep. The library warns of, or calls an error, what is daily life here: a
 * peer that closed its socket first, a bundle that could not be sent to a dead sheep, garbage on a port. An operator can
 * do nothing about these, and what matters comes up as {@code gone} or as an exception. So all of that is {@code debug},
 * and the rest {@code trace}.
 */
final class LibraryLog implements Log {
    private final Logger log;

    private LibraryLog(Logger log) {
        this.log = log;
    }

    /** To be called before the library is used; for the whole process. */
    static void install() {
        LogFactory.setCustomLogFactory(new CustomLogFactory() {
            @Override
            public Log getLog(Class<?> type) {
                return new LibraryLog(LoggerFactory.getLogger(type));
            }

            @Override
            public Log getLog(String category) {
                return new LibraryLog(LoggerFactory.getLogger(category));
            }
        });
    }

    private void noted(String format, Object... args) {
        say(Level.DEBUG, format, args);
    }

    private void traced(String format, Object... args) {
        say(Level.TRACE, format, args);
    }

    private void say(Level level, String format, Object... args) {
        if (log.isEnabledForLevel(level)) {
            log.atLevel(level).log(args.length == 0 ? format : String.format(format, args));
        }
    }

    @Override
    public boolean isFatalEnabled() {
        return log.isDebugEnabled();
    }

    @Override
    public boolean isErrorEnabled() {
        return log.isDebugEnabled();
    }

    @Override
    public boolean isWarnEnabled() {
        return log.isDebugEnabled();
    }

    @Override
    public boolean isInfoEnabled() {
        return log.isTraceEnabled();
    }

    @Override
    public boolean isDebugEnabled() {
        return log.isTraceEnabled();
    }

    @Override
    public boolean isTraceEnabled() {
        return log.isTraceEnabled();
    }

    @Override
    public void fatal(String message) {
        noted(message);
    }

    @Override
    public void fatal(String format, Object... args) {
        noted(format, args);
    }

    @Override
    public void fatal(String message, Throwable cause) {
        log.debug(message, cause);
    }

    @Override
    public void error(String message) {
        noted(message);
    }

    @Override
    public void error(String format, Object... args) {
        noted(format, args);
    }

    @Override
    public void error(String message, Throwable cause) {
        log.debug(message, cause);
    }

    @Override
    public void warn(String message) {
        noted(message);
    }

    @Override
    public void warn(String format, Object... args) {
        noted(format, args);
    }

    @Override
    public void warn(String message, Throwable cause) {
        log.debug(message, cause);
    }

    @Override
    public void info(String message) {
        traced(message);
    }

    @Override
    public void info(String format, Object... args) {
        traced(format, args);
    }

    @Override
    public void debug(String message) {
        traced(message);
    }

    @Override
    public void debug(String format, Object... args) {
        traced(format, args);
    }

    @Override
    public void debug(String message, Throwable cause) {
        log.trace(message, cause);
    }

    @Override
    public void trace(Object message) {
        traced(String.valueOf(message));
    }

    @Override
    public void trace(String message) {
        traced(message);
    }

    @Override
    public void trace(String format, Object... args) {
        traced(format, args);
    }

    @Override
    public void trace(String message, Throwable cause) {
        log.trace(message, cause);
    }

    /** The logging configuration sets levels. */
    @Override
    public void setLevel(String level) {}

    @Override
    public String getLevel() {
        return log.isTraceEnabled() ? "trace" : log.isDebugEnabled() ? "warn" : "off";
    }
}
