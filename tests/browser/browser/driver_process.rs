//! The program that drives a browser, on a port of its own choice.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::mem;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How a browser's driver is started and tells its port.
pub struct Program {
    /// The environment's variable that names another program.
    pub variable: &'static str,
    pub name: &'static str,
    pub arguments: &'static [&'static str],
    /// What stands before the port in the line that tells it.
    pub before_port: &'static str,
}

/// A running driver; ended when dropped.
pub struct DriverProcess {
    process: Child,
    port: u16,
    /// Lines that it and its browser have printed since they were asked for last.
    said: Arc<Mutex<Vec<String>>>,
}

impl DriverProcess {
    /// One that starts beside others may lose the port that it chose to one of them: it is started again.
    pub fn start(program: &Program) -> Self {
        const TRIES: usize = 5;
        let mut said = Vec::new();
        for _ in 0..TRIES {
            match Self::try_start(program) {
                Ok(driver) => return driver,
                Err(output) => said.push(output),
            }
        }
        panic!("{} ended {TRIES} times without naming its port; it said:\n{}", program.name, said.join("\n"))
    }

    /// What it said instead where it ends without naming its port.
    fn try_start(program: &Program) -> Result<Self, String> {
        let path = env::var(program.variable).unwrap_or_else(|_| program.name.to_owned());
        let mut process = Command::new(&path)
            .args(program.arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("could not start {path}: {error}; install it or set {}", program.variable)
            });
        let mut lines = BufReader::new(process.stdout.take().expect("the driver's output")).lines();
        let mut before = Vec::new();
        for line in lines.by_ref().map_while(Result::ok) {
            let port =
                line.rsplit_once(program.before_port).map(|(_, port)| port.trim_end_matches('.').parse());
            if let Some(Ok(port)) = port {
                let said = Arc::default();
                let keep = Arc::clone(&said);
                // Read on, or the driver would stop at a full pipe.
                std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| push(&keep, line)));
                return Ok(Self { process, port, said });
            }
            before.push(line);
        }
        let _ = process.wait();
        Err(before.join("\n"))
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its number in the system's list of processes.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it and its browser have printed since the last call.
    pub fn said(&self) -> Vec<String> {
        mem::take(&mut self.said.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the browser of a session; one that has ended already is fine too.
    pub fn close_session(&self, id: &str) {
        self.ask("DELETE", &format!("/session/{id}"), "");
    }

    /// A request that thirtyfour does not know; returns when it is answered.
    pub fn ask(&self, method: &str, path: &str, body: &str) {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let (port, length) = (self.port, body.len());
            let _ = write!(
                stream,
                "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            // The driver answers when all is done, and may then keep the connection.
            let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = stream.read(&mut [0]);
        }
    }
}

impl Drop for DriverProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn push(said: &Mutex<Vec<String>>, line: String) {
    said.lock().unwrap_or_else(PoisonError::into_inner).push(line);
}
