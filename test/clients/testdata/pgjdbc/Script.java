import java.io.StringWriter;
import java.math.BigDecimal;
import java.security.MessageDigest;
import java.sql.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** What JDBC tools do: metadata, types, fetch sizes, prepared statements that turn binary, transactions, errors. */
class Script {
    static Connection connection;

    public static void main(String[] args) throws Exception {
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE")
            + "?sslmode=disable";
        connection = DriverManager.getConnection(url, System.getenv("PGUSER"), System.getenv("PGPASSWORD"));
        values();
        rows();
        binary();
        parameters();
        transactions();
        errors();
        copy();
        metadata();
        connection.close();
    }

    static void step(String title) { System.out.println("=== " + title); }

    /** Prints names, types and values of a result, by getObject. */
    static void print(ResultSet result) throws Exception {
        ResultSetMetaData m = result.getMetaData();
        for (int i = 1; i <= m.getColumnCount(); i++) {
            System.out.println(m.getColumnLabel(i) + " " + m.getColumnTypeName(i) + " " + m.getColumnType(i) + " " + m.getPrecision(i) + " " + m.getScale(i)
                + " " + m.getColumnDisplaySize(i) + " " + m.isSigned(i) + " " + m.getColumnClassName(i));
        }
        lines(result);
    }

    static void lines(ResultSet result) throws Exception {
        List<String> all = read(result);
        for (String line : all) System.out.println(line);
        System.out.println(all.size() + " rows");
    }

    static List<String> read(ResultSet result) throws Exception {
        List<String> all = new ArrayList<>();
        while (result.next()) {
            List<String> cells = new ArrayList<>();
            for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) cells.add(text(result.getObject(i)));
            all.add(String.join(" | ", cells));
        }
        return all;
    }

    static String text(Object o) throws Exception {
        if (o instanceof byte[] b) return HexFormat.of().formatHex(b);
        if (o instanceof java.sql.Array a) return a.getBaseTypeName() + (a.getBaseTypeName().equals("numeric") ? a.toString() : Arrays.deepToString((Object[]) a.getArray()));
        return o == null ? null : o.toString();
    }

    static String digest(ResultSet result) throws Exception {
        MessageDigest d = MessageDigest.getInstance("SHA-256");
        int n = 0;
        for (; result.next(); n++)
            for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) d.update((text(result.getObject(i)) + "|").getBytes("UTF-8"));
        return n + " " + HexFormat.of().formatHex(d.digest());
    }

    static void values() throws Exception {
        step("values and types of every column");
        print(connection.createStatement().executeQuery("select * from shop.kinds order by id"));
        print(connection.createStatement().executeQuery("select e.*, count(*) over () from web.events e order by event_id, ts, path limit 3"));
    }

    static void rows() throws Exception {
        String query = "select * from web.events order by event_id, ts, path";
        step("all rows of a table of the lake");
        System.out.println(digest(connection.createStatement().executeQuery(query)));
        step("setFetchSize, setMaxRows and scrolling");
        connection.setAutoCommit(false);
        Statement s = connection.createStatement();
        s.setFetchSize(700);
        System.out.println(digest(s.executeQuery(query)));
        s.setFetchSize(7);
        s.setMaxRows(20);
        System.out.println(digest(s.executeQuery(query)));
        connection.commit();
        connection.setAutoCommit(true);
        Statement scroll = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
        ResultSet r = scroll.executeQuery("select site_id, name from shop.sites order by site_id");
        r.last();
        System.out.println(r.getRow() + " " + r.getString(2));
        r.absolute(3);
        System.out.println(r.getString("name"));
    }

    static void binary() throws Exception {
        step("a prepared statement that turns binary");
        PreparedStatement p = connection.prepareStatement("select * from shop.kinds where id = ?");
        for (int i = 0; i < 12; i++) {
            p.setInt(1, 1 + i % 4);
            lines(p.executeQuery());
        }
        p = connection.prepareStatement("select count(*), min(ts), max(load_ms), avg(load_ms), max(dt) from web.events where site_id = ? and ts >= ?");
        for (int i = 1; i <= 10; i++) {
            p.setInt(1, i);
            p.setTimestamp(2, Timestamp.valueOf("2018-02-01 00:00:00"));
            lines(p.executeQuery());
        }
    }

    static void parameters() throws Exception {
        step("parameters of every type");
        PreparedStatement p = connection.prepareStatement("select ?::int, ?::bigint, ?::numeric, ?::float8, ?::text, ?::bool, ?::date, ?::timestamp, ?::timestamptz, ?::bytea, ?::uuid, ?::int[], ?::text");
        p.setInt(1, -5);
        p.setLong(2, 1L << 40);
        p.setBigDecimal(3, new BigDecimal("1.50"));
        p.setDouble(4, 0.1);
        p.setString(5, "it's \\ ü");
        p.setBoolean(6, true);
        p.setDate(7, java.sql.Date.valueOf("2018-02-15"));
        p.setTimestamp(8, Timestamp.valueOf("2018-02-15 12:34:56.789"));
        p.setObject(9, java.time.OffsetDateTime.parse("2018-02-15T12:34:56.789+02:00"));
        p.setBytes(10, new byte[] {0, (byte) 255});
        p.setObject(11, new UUID(0, 7));
        p.setArray(12, connection.createArrayOf("int4", new Integer[] {1, null, 3}));
        p.setNull(13, Types.VARCHAR);
        for (int i = 0; i < 7; i++) lines(p.executeQuery());
        ParameterMetaData m = connection.prepareStatement("select count(*) from web.events where site_id = ? and ts >= ? and domain like ?").getParameterMetaData();
        for (int i = 1; i <= m.getParameterCount(); i++) System.out.println(m.getParameterTypeName(i) + " " + m.getParameterType(i));
    }

    static void transactions() throws Exception {
        step("batches, savepoints, generated keys and roll back");
        connection.setAutoCommit(false);
        PreparedStatement p = connection.prepareStatement("insert into shop.sites (site_id, name, price) values (?, ?, ?)");
        for (int i = 500; i < 510; i++) {
            p.setInt(1, i);
            p.setString(2, "site " + i);
            p.setBigDecimal(3, new BigDecimal(i));
            p.addBatch();
        }
        System.out.println(Arrays.toString(p.executeBatch()));
        Savepoint s = connection.setSavepoint();
        try {
            p.execute();
        } catch (SQLException e) {
            System.out.println(e.getSQLState());
        }
        connection.rollback(s);
        PreparedStatement keys = connection.prepareStatement("update shop.sites set price = price * 2 where site_id = 505", Statement.RETURN_GENERATED_KEYS);
        System.out.println(keys.executeUpdate());
        lines(keys.getGeneratedKeys());
        lines(connection.createStatement().executeQuery("select count(*), sum(price) from shop.sites where site_id >= 500"));
        connection.rollback();
        connection.setAutoCommit(true);
        step("read-only, isolation, schema, several statements, time-out");
        connection.setReadOnly(true);
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        System.out.println(connection.getTransactionIsolation());
        try {
            connection.createStatement().execute("delete from shop.sites");
        } catch (SQLException e) {
            System.out.println(e.getSQLState());
        }
        connection.rollback();
        connection.setReadOnly(false);
        connection.setAutoCommit(true);
        connection.setSchema("shop");
        System.out.println(connection.getSchema());
        Statement many = connection.createStatement();
        boolean more = many.execute("select count(*) from sites; select 2; set search_path to public, web, shop");
        while (more || many.getUpdateCount() != -1) {
            if (more) lines(many.getResultSet());
            more = many.getMoreResults();
        }
        Statement slow = connection.createStatement();
        slow.setQueryTimeout(1);
        try {
            slow.executeQuery("select count(*) from web.events a, web.events b, web.events c where a.load_ms + b.load_ms + c.load_ms < 0");
        } catch (SQLException e) {
            System.out.println(e.getSQLState());
        }
        System.out.println(connection.isValid(5));
    }

    static void errors() throws Exception {
        step("errors");
        for (String q : new String[] {"select 1/0", "select nothing from web.events", "selec", "select * from nowhere", "select ?::int"}) {
            try {
                PreparedStatement p = connection.prepareStatement(q);
                if (q.contains("?")) p.setString(1, "x");
                p.executeQuery();
            } catch (SQLException e) {
                System.out.println(e.getSQLState() + " " + e.getMessage());
            }
        }
    }

    static void copy() throws Exception {
        step("COPY to the client");
        CopyManager m = connection.unwrap(PGConnection.class).getCopyAPI();
        StringWriter out = new StringWriter();
        System.out.println(m.copyOut("copy (select * from shop.kinds order by id) to stdout csv header", out));
        System.out.println(out);
    }

    static void metadata() throws Exception {
        DatabaseMetaData m = connection.getMetaData();
        step("DatabaseMetaData: what the server is");
        System.out.println(m.getDatabaseProductName() + " " + m.getDatabaseMajorVersion() + " " + m.getMaxColumnNameLength() + " " + m.getMaxIndexLength() + " "
            + m.getUserName() + " " + m.getMaxColumnsInIndex());
        try {
            System.out.println(m.getDefaultTransactionIsolation());
        } catch (SQLException e) {
            System.out.println(e.getMessage());
        }
        System.out.println(m.getNumericFunctions().length() + " " + m.getStringFunctions().length() + " " + m.getTimeDateFunctions().length());
        lines(m.getTableTypes());
        step("DatabaseMetaData: types");
        List<String> types = read(m.getTypeInfo()); // those of one JDBC type have no order
        Collections.sort(types);
        for (String line : types) System.out.println(line);
        step("DatabaseMetaData: keywords");
        try {
            System.out.println(m.getSQLKeywords().length());
        } catch (SQLException e) {
            System.out.println(e.getSQLState() + " " + e.getMessage());
        }
        step("DatabaseMetaData: catalogs and schemas");
        lines(m.getCatalogs());
        lines(m.getSchemas());
        step("DatabaseMetaData: tables");
        lines(m.getTables(null, "shop", "%", null));
        lines(m.getTables(null, "web", "%", new String[] {"TABLE"}));
        lines(m.getTables(null, "w_b", "site\\_%", new String[] {"TABLE", "VIEW"}));
        lines(m.getTables(null, "pg_catalog", "pg_class", null));
        step("DatabaseMetaData: columns of tables of the lake");
        lines(m.getColumns(null, "web", "%", "%"));
        step("DatabaseMetaData: columns of hot-only relations");
        lines(m.getColumns(null, "shop", "sites", "%"));
        lines(m.getColumns(null, "shop", "kinds", "%"));
        lines(m.getColumns(null, "shop", "cheap", "%"));
        step("DatabaseMetaData: an identity column");
        lines(m.getColumns(null, "shop", "visits", "%"));
        step("DatabaseMetaData: keys");
        lines(m.getPrimaryKeys(null, "shop", "sites"));
        lines(m.getPrimaryKeys(null, "web", "events"));
        lines(m.getImportedKeys(null, "shop", "visits"));
        lines(m.getExportedKeys(null, "shop", "sites"));
        lines(m.getCrossReference(null, "shop", "sites", null, "shop", "visits"));
        lines(m.getBestRowIdentifier(null, "shop", "sites", DatabaseMetaData.bestRowSession, false));
        lines(m.getVersionColumns(null, "shop", "sites"));
        step("DatabaseMetaData: indexes");
        lines(m.getIndexInfo(null, "shop", "sites", false, true));
        lines(m.getIndexInfo(null, "web", "events", false, true));
        step("DatabaseMetaData: privileges");
        lines(m.getTablePrivileges(null, "shop", "sites"));
        lines(m.getColumnPrivileges(null, "shop", "sites", "price"));
        step("DatabaseMetaData: functions, procedures and types");
        lines(m.getFunctions(null, "pg_catalog", "date_tr%"));
        lines(m.getFunctionColumns(null, "pg_catalog", "date_trunc", "%"));
        lines(m.getProcedures(null, "shop", "%"));
        lines(m.getUDTs(null, "shop", "%", null));
    }
}
