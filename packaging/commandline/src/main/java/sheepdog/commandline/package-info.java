/**
 * How both programs read their command lines: options are described by picocli's model ({@link OptionSpecs}), taken off
 * the line as GNU's {@code getopt_long} does with its complaints ({@link Getopt}), and put in an order that picocli
 * reads ({@link Line}, where to start). Programmatic models only, for annotations are read by reflection, which a
 * program that lives for a tenth of a second does not have the time for; for the same reason no {@code Formatter}.
 */
package sheepdog.commandline;
