import java.math.BigDecimal;
import java.security.MessageDigest;
import java.sql.*;
import java.util.*;

/** Run with the driver's word: redshift, and to judge it postgresql, since PostgreSQL refuses what Redshift's drivers say at their start. */
class Script {
    static Connection connection;

    public static void main(String[] args) throws Exception {
        boolean redshift = args[0].equals("redshift");
        String url = "jdbc:" + args[0] + "://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE")
            + (redshift ? "?ssl=false" : "?sslmode=disable");
        connection = DriverManager.getConnection(url, redshift ? "redshift" : System.getenv("PGUSER"), System.getenv("PGPASSWORD"));
        values();
        rows();
        parameters();
        transactions();
        errors();
        step("DatabaseMetaData, by SHOW statements");
        if (redshift) metadata();
        else System.out.println("PostgreSQL has none");
        connection.close();
    }

    static void step(String title) { System.out.println("=== " + title); }

    static String text(Object o) throws Exception {
        if (o instanceof java.sql.Array a) return Arrays.deepToString((Object[]) a.getArray());
        if (o instanceof Timestamp t) return t.toInstant().toString();
        return o == null ? null : o.toString();
    }

    static String cells(ResultSet result) throws Exception {
        List<String> cells = new ArrayList<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) cells.add(text(result.getObject(i)));
        return String.join(" | ", cells);
    }

    static void print(ResultSet result) throws Exception {
        int n = 0;
        for (; result.next(); n++) System.out.println(cells(result));
        System.out.println(n + " rows");
    }

    static String digest(ResultSet result) throws Exception {
        MessageDigest d = MessageDigest.getInstance("SHA-256");
        int n = 0;
        for (; result.next(); n++) d.update(cells(result).getBytes("UTF-8"));
        return n + " " + HexFormat.of().formatHex(d.digest());
    }

    static void values() throws Exception {
        step("values and types of every column");
        ResultSet r = connection.createStatement().executeQuery(
            "select id, b, i2, i4, i8, f4, f8, n2, t, v, c, d, ts, tstz, u::text as u from shop.kinds where id in (1, 4) order by id");
        ResultSetMetaData m = r.getMetaData();
        for (int i = 1; i <= m.getColumnCount(); i++) System.out.println(m.getColumnLabel(i) + " " + m.getColumnType(i) + " " + m.getScale(i) + " " + m.isSigned(i));
        print(r);
        print(connection.createStatement().executeQuery("select e.*, count(*) over () from web.events e order by event_id, ts, path limit 3"));
    }

    static void rows() throws Exception {
        String query = "select * from web.events order by event_id, ts, path";
        step("all rows of a table of the lake");
        System.out.println(digest(connection.createStatement().executeQuery(query)));
        step("setFetchSize and setMaxRows");
        connection.setAutoCommit(false);
        Statement s = connection.createStatement();
        s.setFetchSize(700);
        System.out.println(digest(s.executeQuery(query)));
        s.setMaxRows(20);
        System.out.println(digest(s.executeQuery(query)));
        connection.commit();
        connection.setAutoCommit(true);
    }

    static void parameters() throws Exception {
        step("parameters, of a statement that is run again");
        PreparedStatement p = connection.prepareStatement("select count(*), min(ts), max(load_ms) from web.events where site_id = ? and ts >= ? and domain like ?");
        for (int i = 1; i <= 7; i++) {
            p.setInt(1, i);
            p.setTimestamp(2, Timestamp.valueOf("2018-02-02 00:00:00"));
            p.setString(3, "%.%");
            print(p.executeQuery());
        }
        p = connection.prepareStatement("select site_id, name, price from shop.sites where price < ? and name <> ? and opened > ? order by 1");
        p.setBigDecimal(1, new BigDecimal("5.00"));
        p.setString(2, "it's \\ ü");
        p.setDate(3, java.sql.Date.valueOf("2018-01-03"));
        print(p.executeQuery());
    }

    static void transactions() throws Exception {
        step("batches and roll back");
        connection.setAutoCommit(false);
        PreparedStatement p = connection.prepareStatement("insert into shop.sites (site_id, name, price) values (?, ?, ?)");
        for (int i = 500; i < 505; i++) {
            p.setInt(1, i);
            p.setString(2, "site " + i);
            p.setBigDecimal(3, new BigDecimal(i));
            p.addBatch();
        }
        System.out.println(p.executeBatch().length);
        print(connection.createStatement().executeQuery("select site_id, name, price from shop.sites where site_id >= 500 order by 1"));
        connection.rollback();
        print(connection.createStatement().executeQuery("select site_id, name, price from shop.sites where site_id >= 500 order by 1"));
        connection.commit();
        connection.setAutoCommit(true);
    }

    static void errors() throws Exception {
        step("errors");
        for (String text : new String[] {"select 1/0", "select nothing from web.events", "selec", "select * from nowhere", "select 'x'::int"}) {
            try {
                connection.createStatement().executeQuery(text);
            } catch (SQLException e) {
                System.out.println(e.getSQLState());
            }
        }
    }

    static void metadata() throws Exception {
        DatabaseMetaData m = connection.getMetaData();
        System.out.println(m.getDatabaseProductName() + " " + m.getDatabaseProductVersion());
        print(m.getCatalogs());
        print(m.getSchemas());
        print(m.getTables(null, "web", "%", null));
        print(m.getTables(null, "shop", "%", new String[] {"VIEW"}));
        print(m.getColumns(null, "web", "site\\_daily", "%"));
        print(m.getColumns(null, "shop", "sites", "%"));
        print(m.getPrimaryKeys(null, "shop", "sites"));
        print(m.getImportedKeys(null, "shop", "visits"));
        print(m.getExportedKeys(null, "shop", "sites"));
        print(m.getTableTypes());
    }
}
